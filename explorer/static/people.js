// The views of personas: a list, and one persona with everything that is known of it.

import {offer} from './run.js';
import {command, cut, link, number, spoken, table, tag} from './tags.js';

const who = row => row.role || cut(row.text || row.id, 60);
const to = row => tag('a', {href: link('persona', {id: row.id}), dir: 'auto'}, who(row));

export const entries = (rows, heading = 'h3') => rows.map(row => tag('li', {}, tag(heading, {}, to(row)),
  tag('p', {dir: 'auto'}, cut(row.text || '', 280)),
  tag('p.soft', {}, row.depth === 0 ? 'a seed' : `${row.depth} ${row.depth === 1 ? 'hop' : 'hops'} from a seed`, row.domain ? [' · ', tag('bdi', {}, row.domain)] : null,
    row.similarity === undefined ? null : ` · similarity ${row.similarity.toFixed(2)}`)));

export function results(title, answer) {
  const count = answer.more ? `the first ${number(answer.people.length)}` : number(answer.people.length);
  const near = answer.known === undefined ? null : ` by meaning (${number(answer.known)} of ${number(answer.of)} personas can be found this way; ${answer.model})`;
  return tag('div', {}, tag('h1', {}, title), tag('p', {role: 'status'}, `${count} personas ${near ? 'nearest to' : 'with'} `, tag('bdi', {}, `“${answer.words}”`), near),
    tag('ul.people', {role: 'list'}, entries(answer.people, 'h2')));
}

export function persona(row) {
  return tag('div', {}, tag('p.eyebrow', {}, tag('a', {href: link('')}, 'Groups'), ' / ', tag('a', {href: link('region', {id: row.region || undefined}), dir: 'auto'}, row.region_label)),
    tag('h1', {dir: 'auto'}, row.role || 'A persona without a role'), tag('p.text', {dir: 'auto'}, row.text), facts(row),
    around(row), part('The way to a seed', row.ways.map(way)), part('Source texts', row.texts.map(source)),
    part('Relatives', related(row)), part('Duplicates', row.duplicates.map(duplicate)),
    part('Knowledge it contributed to', row.knowledge.map(contribution)),
    part('The calls that named it', row.calls.map(call)), calls(row.sightings));
}

const part = (title, rows) => (rows.length ? tag('section', {}, tag('h2', {}, title), rows) : null);

/** Not in a file that was sent: its reader has no graph to ask. */
const around = row => (row.command ? tag('section', {}, tag('h2', {}, 'Who else is around?'),
  offer({label: row.role || 'this persona', command: row.command, about: {id: row.id}}) || tag('details', {}, tag('summary', {}, 'The command that asks there'), command(row.command))) : null);

function facts(row) {
  const rows = [['domain', row.domain_label], ['hops from a seed', row.depth], ['language', row.language],
    ['role in its own words', row.said], ['score', row.score], ['why', row.reason], ['marked by a judge', row.marked ? 'yes' : null], ['id', row.id]];
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

function related(row) {
  const say = {out: kind => `its ${spoken(kind)}`, in: kind => `it is the ${spoken(kind)} of`};
  const kinds = new Map();
  for (const relative of row.relatives) {
    const title = say[relative.way](relative.kind);
    kinds.set(title, [...(kinds.get(title) || []), relative]);
  }
  return [...kinds].map(([title, rows]) => tag('div', {}, tag('h3', {dir: 'auto'}, title), tag('ul', {}, rows.map(row => (
    tag('li', {}, to(row), ' ', tag('span.soft', {dir: 'auto'}, cut(row.text || '', 120))))))));
}

const duplicate = row => tag('p', {}, row.way === 'survivor' ? 'A duplicate of ' : 'Also counts for ', to(row), ' ',
  tag('span.soft', {dir: 'auto'}, `${cut(row.text || '', 160)} (by ${row.method}, ${row.score ?? '–'})`));

const contribution = row => tag('details', {}, tag('summary', {dir: 'auto'}, row.question), tag('p.text', {dir: 'auto'}, row.text),
  row.contribution ? tag('p.soft', {dir: 'auto'}, `Its contribution: ${row.contribution}`) : null);

/** A call: its source, why it was made, what it brought, and its prompt. */
function call(row) {
  const about = row.kind === 'persona' ? to({id: row.source, role: row.name, text: row.text}) : tag('bdi', {}, row.name || row.source);
  const asked = row.kind === 'persona' ? ['Asked for the ', tag('bdi', {}, spoken(row.relation)), ' of ', about] : ['Asked who would ', tag('bdi', {}, spoken(row.relation)), ' the text ', about];
  const facts = [row.command, row.model, (row.at || '').slice(0, 16).replace('T', ' ')].filter(Boolean).join(' · ');
  const outcome = row.answers === null || row.answers === undefined ? null : `Of ${number(row.answers)} answers ${number(row.usable ?? row.answers)} could be used; ${number(row.new)} new.`;
  return tag('div', {}, tag('h3', {dir: 'auto'}, asked), tag('p.soft', {dir: 'auto'}, facts),
    row.why ? tag('p', {dir: 'auto'}, row.why) : null, outcome ? tag('p', {}, outcome) : null,
    row.others.length ? tag('p', {}, 'It also named ', row.others.map((sibling, position) => [position ? ', ' : '', to(sibling)]), '.') : null,
    row.words ? tag('details', {}, tag('summary', {}, 'The prompt'), row.words.map(message => (
      tag('div', {}, tag('b.soft', {}, message.role), tag('p.text', {dir: 'auto'}, message.content))))) :
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
