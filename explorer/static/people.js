// The views of personas: a list, and one persona with everything that is known of it.

import {offer} from './run.js';
import {command, cut, link, number, spoken, table, tag} from './tags.js';

const who = row => row.role || cut(row.text || row.id, 60);
const to = row => tag('a', {href: link('persona', {id: row.id}), dir: 'auto'}, who(row));

export const entries = (rows, heading = 'h3') => rows.map(row => tag('li', {}, tag(heading, {}, to(row)),
  tag('p', {dir: 'auto'}, cut(row.text || '', 280)),
  tag('p.soft', {}, row.depth === 0 ? 'a seed' : `${row.depth} ${row.depth === 1 ? 'hop' : 'hops'} from a seed`, row.domain ? [' · ', tag('bdi', {}, row.domain)] : null,
    row.similarity === undefined ? null : ` · similarity ${row.similarity.toFixed(2)}`)));

export function found(title, given) {
  const count = given.more ? `the first ${number(given.people.length)}` : number(given.people.length);
  const near = given.known === undefined ? null : ` by meaning (${number(given.known)} of ${number(given.of)} personas can be found this way; ${given.model})`;
  return tag('div', {}, tag('h1', {}, title), tag('p', {role: 'status'}, `${count} personas ${near ? 'nearest to' : 'with'} `, tag('bdi', {}, `“${given.words}”`), near),
    tag('ul.people', {role: 'list'}, entries(given.people, 'h2')));
}

export function persona(one) {
  return tag('div', {}, tag('p.eyebrow', {}, tag('a', {href: link('')}, 'Groups'), ' / ', tag('a', {href: link('region', {id: one.region || undefined}), dir: 'auto'}, one.region_label)),
    tag('h1', {dir: 'auto'}, one.role || 'A persona without a role'), tag('p.text', {dir: 'auto'}, one.text), facts(one),
    around(one), part('The way to a seed', one.ways.map(way)), part('Source texts', one.texts.map(source)),
    part('Relatives', related(one)), part('Duplicates', one.duplicates.map(same)),
    part('Knowledge it contributed to', one.knowledge.map(known)),
    part('The calls that named it', one.calls.map(call)), calls(one.sightings));
}

const part = (title, rows) => (rows.length ? tag('section', {}, tag('h2', {}, title), rows) : null);

/** Not in a file that was sent: its reader has no graph to ask. */
const around = one => (one.command ? tag('section', {}, tag('h2', {}, 'Who else is around?'),
  offer({label: one.role || 'this persona', command: one.command, about: {id: one.id}}) || tag('details', {}, tag('summary', {}, 'The command that asks there'), command(one.command))) : null);

function facts(one) {
  const rows = [['domain', one.domain_label], ['hops from a seed', one.depth], ['language', one.language],
    ['role in its own words', one.said], ['score', one.score], ['why', one.reason], ['marked by a judge', one.marked ? 'yes' : null], ['id', one.id]];
  return tag('dl.settings', {}, rows.filter(([, value]) => value !== null && value !== undefined).map(([name, value]) => (
    [tag('dt', {}, name), tag('dd', {dir: 'auto'}, String(value))])));
}

/** A way back to a seed, a line for each step: what each persona is to the next. */
const way = steps => tag('ol.way', {}, steps.map((step, place) => tag('li', {},
  step.depth === null ? tag('span', {dir: 'auto'}, `the text: ${cut(step.text, 160)}`) :
    [place ? to(step) : tag('b', {dir: 'auto'}, who(step)), ' ', tag('span.soft', {dir: 'auto'}, cut(step.text || '', 120))],
  step.relation ? tag('div.soft', {}, steps[place + 1]?.depth === null ? `would ${spoken(step.relation)}` : `the ${spoken(step.relation)} of`) : null)));

const source = text => tag('figure.source', {}, tag('figcaption', {dir: 'auto'}, text.title || text.source || text.id),
  tag('blockquote.text', {dir: 'auto'}, marked(text.text, text.quotes)),
  text.quotes.filter(quote => place(text.text, quote) < 0).map(quote => tag('p.soft', {}, 'Quoted as: ', tag('q', {dir: 'auto'}, quote))));

const place = (text, quote) => text.toLowerCase().indexOf(quote.toLowerCase());

/** The text with marks on those quotes that it contains letter for letter. */
function marked(text, quotes) {
  const spans = quotes.map(quote => [place(text, quote), quote.length]).filter(([start]) => start >= 0).sort((a, b) => a[0] - b[0]);
  const parts = [];
  let end = 0;
  for (const [start, length] of spans) {
    if (start < end) continue;
    parts.push(text.slice(end, start), tag('mark', {}, text.slice(start, start + length)));
    end = start + length;
  }
  return [...parts, text.slice(end)];
}

function related(one) {
  const say = {out: kind => `its ${spoken(kind)}`, in: kind => `it is the ${spoken(kind)} of`};
  const kinds = new Map();
  for (const row of one.relatives) kinds.set(say[row.way](row.kind), [...(kinds.get(say[row.way](row.kind)) || []), row]);
  return [...kinds].map(([title, rows]) => tag('div', {}, tag('h3', {dir: 'auto'}, title), tag('ul', {}, rows.map(row => (
    tag('li', {}, to(row), ' ', tag('span.soft', {dir: 'auto'}, cut(row.text || '', 120))))))));
}

const same = row => tag('p', {}, row.way === 'survivor' ? 'A duplicate of ' : 'Also counts for ', to(row), ' ',
  tag('span.soft', {dir: 'auto'}, `${cut(row.text || '', 160)} (by ${row.method}, ${row.score ?? '–'})`));

const known = row => tag('details', {}, tag('summary', {dir: 'auto'}, row.question), tag('p.text', {dir: 'auto'}, row.text),
  row.contribution ? tag('p.soft', {dir: 'auto'}, `Its contribution: ${row.contribution}`) : null);

/** A call: its source, why it was made, what it brought, and its prompt. */
function call(row) {
  const about = row.kind === 'persona' ? to({id: row.source, role: row.name, text: row.text}) : tag('bdi', {}, row.name || row.source);
  const asked = row.kind === 'persona' ? ['Asked for the ', tag('bdi', {}, spoken(row.relation)), ' of ', about] : ['Asked who would ', tag('bdi', {}, spoken(row.relation)), ' the text ', about];
  const facts = [row.command, row.model, (row.at || '').slice(0, 16).replace('T', ' ')].filter(Boolean).join(' · ');
  const came = row.answers === null || row.answers === undefined ? null : `Of ${number(row.answers)} answers ${number(row.usable ?? row.answers)} could be used; ${number(row.new)} new.`;
  return tag('div', {}, tag('h3', {dir: 'auto'}, asked), tag('p.soft', {dir: 'auto'}, facts),
    row.why ? tag('p', {dir: 'auto'}, row.why) : null, came ? tag('p', {}, came) : null,
    row.others.length ? tag('p', {}, 'It also named ', row.others.map((other, place) => [place ? ', ' : '', to(other)]), '.') : null,
    row.words ? tag('details', {}, tag('summary', {}, 'The prompt'), row.words.map(one => (
      tag('div', {}, tag('b.soft', {}, one.role), tag('p.text', {dir: 'auto'}, one.content))))) :
      tag('p.soft', {dir: 'auto'}, `The prompt cannot be shown. ${row.why_not} Template: ${row.template}${row.digest ? `, ${row.digest}` : ''}.`));
}

function calls(rows) {
  if (!rows.length) return null;
  return tag('section', {}, tag('h2', {}, 'All calls and files that named it'), table('Calls and files', [
    ['from', row => (row.kind === 'persona' ? to({id: row.source, role: row.name}) : tag('bdi', {}, row.name || '–'))],
    ['as', row => (row.kind === 'file' ? 'a row' : spoken(row.relation))],
    ['call', row => (row.call ? tag('code', {}, row.call) : '–')],
    ['run', row => [tag('code', {}, row.run || '–'), ` ${row.command || ''}`]],
    ['model', row => row.model || '–'],
    ['time (UTC)', row => (row.at || '–').slice(0, 16).replace('T', ' ')],
  ], rows));
}
