// The views of groups: the map with its table, one group, what is missing.

import {crowd} from './crowd.js';
import {saved} from './filters.js';
import {map} from './map.js';
import {entries} from './people.js';
import {offer} from './run.js';
import {command, link, number, percent, sent, table, tag, tile} from './tags.js';

const ROWS = 100;
const ORDERS = {
  personas: ['most personas', (a, b) => b.personas - a.personas],
  coverage: ['least covered', (a, b) => (a.coverage ?? 2) - (b.coverage ?? 2) || b.sightings - a.sightings],
  new: ['most new expected', (a, b) => (b.next_new ?? -1) - (a.next_new ?? -1)],
  name: ['name', (a, b) => a.label.localeCompare(b.label)],
};

export function nothing() {
  return tag('div', {}, tag('h1', {}, 'No personas yet'),
    tag('p', {}, 'The graph is empty. Import some personas, then reload this page:'), command('pgraph import FILE'));
}

/** `left`: how many personas of each group the filters leave; null without filters. */
export function groups(survey, parameters, go, left) {
  const role = survey.overall.find(row => row.resolution === 'role'), people = survey.overall.find(row => row.resolution === 'persona');
  const all = survey.regions.length + survey.left_out.regions;
  const {figure, point} = map(survey, left);
  const shelf = tag('div');
  const order = tag('select', {'aria-label': 'Order'}, Object.entries(ORDERS).map(([key, [name]]) => (
    tag('option', {value: key, selected: key === parameters.order}, name))));
  const find = tag('input', {type: 'search', 'aria-label': 'Filter groups by their letters', placeholder: 'Filter', value: parameters.find || ''});
  const fill = limit => {
    const rows = survey.regions.filter(row => !left || left.has(row.id)).filter(row => row.label.toLowerCase().includes(find.value.toLowerCase())).sort(ORDERS[order.value][1]);
    const rest = rows.length - limit;
    shelf.replaceChildren(list(rows.slice(0, limit), left),
      rest > 0 ? tag('button', {type: 'button', onclick: () => fill(rows.length)}, `Show ${number(rest)} more`) : '',
      rows.length ? '' : tag('p.soft', {}, left ? 'No group matches the filters.' : 'No group contains these letters.'));
  };
  const update = () => {
    go('', {order: order.value === 'personas' ? '' : order.value, find: find.value});
    fill(ROWS);
  };
  order.addEventListener('change', update);
  find.addEventListener('input', update);
  for (const event of ['pointerover', 'focusin']) {
    shelf.addEventListener(event, ({target}) => point(target.closest('[data-id]')?.dataset.id ?? null));
  }
  shelf.addEventListener('pointerleave', () => point(null));
  fill(ROWS);
  return tag('div', {}, tag('h1', {}, `${number(people.distinct)} personas in ${number(all)} groups`),
    tag('p', {}, survey.draft ? 'Sizes, including duplicates. Coverage and what is missing are still being counted.' : role.coverage === null ? 'No model has been asked yet, so the coverage is unknown.' :
      `${percent(role.coverage)} of the next answers are expected to name a known role; ${number(role.distinct)} roles in ${number(role.sightings)} answers so far.`),
    tag('div.split', {}, figure, tag('section', {'aria-label': 'Groups'},
      tag('div.tools', {}, order, find), shelf, saved('all'),
      survey.left_out.regions ? tag('p.soft', {}, `${number(survey.left_out.regions)} smaller groups with ${number(survey.left_out.personas)} personas are not listed; search finds their personas.`) : '')));
}

const list = (rows, left) => table('Groups', [
  ['group', row => tag('a', {href: link('region', {id: row.id}), dir: 'auto'}, row.label)],
  ...(left ? [['found', row => number(left.get(row.id)), true]] : []),
  ['personas', row => number(row.personas), true],
  ['covered', row => percent(row.coverage), true],
  ['expected new', row => percent(row.next_new), true],
], rows);

export function region(survey, parameters, page, ask) {
  const row = survey.regions.find(region => region.id === (parameters.id || ''));
  const label = row?.label || page.domains[0] || parameters.id;
  const name = id => survey.regions.find(region => region.id === id)?.label || id;
  return tag('div', {}, tag('p.eyebrow', {}, tag('a', {href: link('')}, 'Groups')), tag('h1', {dir: 'auto'}, label),
    row ? [figures(row), row.missing ? lacks(row) : null, flows(survey, row, name)] : null,
    row?.id && row.personas > 1 && !sent() ? crowd(parameters, row, ask) : null, members(parameters, label, page, ask), questionsSection(page.questions),
    page.domains.length > 1 ? tag('section', {}, tag('h2', {}, 'Domains'), tag('p', {dir: 'auto'}, page.domains.join(', '))) : null);
}

const figures = row => tag('dl.tiles', {},
  tile('Personas', number(row.personas), 'Duplicates counted once.'),
  tile('Roles', number(row.roles), 'A persona without a role counts as a role.'),
  tile('Answers', number(row.sightings), `Roles named once, by one call and no file: ${number(row.singles)}.`),
  tile('Covered', percent(row.coverage), 'The chance that the next answer here names a known role.'));

const gap = row => offer({label: row.label, command: row.missing.command, about: {gap: row.missing.gap}});

const lacks = row => tag('section', {}, tag('h2', {}, 'What is missing here?'), tag('p', {}, row.missing.why),
  gap(row) || tag('details', {}, tag('summary', {}, 'The command that asks there'), command(row.missing.command)));

function flows(survey, row, name) {
  const part = (title, mine, other) => {
    const matching = survey.flows.filter(flow => flow[mine] === row.id && flow.from !== flow.to).slice(0, 8);
    return matching.length ? tag('div', {}, tag('h3', {}, title), tag('ul', {}, matching.map(flow => (
      tag('li', {}, tag('a', {href: link('region', {id: flow[other]}), dir: 'auto'}, name(flow[other])), ` ${number(flow.answers)}`))))) : null;
  };
  const parts = [part('Its people led to', 'from', 'to'), part('Answers came from', 'to', 'from')].filter(Boolean);
  return parts.length ? tag('section', {}, tag('h2', {}, 'How expansion flows'), tag('div.pair', {}, parts)) : null;
}

/** The personas that the filters leave, a page at a time. */
function members(parameters, label, page, ask) {
  const shelf = tag('ul.people', {role: 'list'}, entries(page.people));
  let skip = page.people.length;
  const more = tag('button', {type: 'button', onclick: async () => {
    const next = await ask('region', {...parameters, skip});
    skip += next.people.length;
    shelf.append(...entries(next.people));
    more.hidden = !next.more;
  }}, 'Show more');
  more.hidden = !page.more;
  return tag('section', {}, tag('h2', {}, 'Personas'),
    page.people.length ? saved(label, parameters.id || '') : null,
    shelf, page.people.length ? null : tag('p.soft', {}, 'Nobody here matches the filters.'), more);
}

const questionsSection = questions => (questions.length ? tag('section', {}, tag('h2', {}, 'Questions and knowledge'), questions.map(row => (
  tag('details', {}, tag('summary', {dir: 'auto'}, `${row.text} (${row.known === 1 ? '1 answer' : `${number(row.known)} answers`})`),
    row.answers.map(text => tag('p.text', {dir: 'auto'}, text)))))) : null);

export function missing(survey) {
  if (survey.draft) return tag('div', {}, tag('h1', {}, 'What is missing'), tag('p', {}, 'This is still being counted.'));
  const rows = survey.regions.filter(row => row.missing.rank !== null).sort((a, b) => a.missing.rank - b.missing.rank);
  const rest = survey.regions.filter(row => row.missing.rank === null);
  return tag('div', {}, tag('h1', {}, 'What is missing'),
    tag('p', {}, 'The groups where the next answer is most likely new, why, and the command that asks there. Coverage describes what the model says, not people.'),
    tag('ol.gaps', {role: 'list'}, rows.slice(0, 40).map(entry)),
    rest.length ? tag('section', {}, tag('h2', {}, 'Groups without any answer yet'), tag('ol.gaps', {role: 'list'}, rest.slice(0, 40).map(entry))) : null);
}

const entry = row => tag('li', {}, tag('div.share', {}, row.coverage === null ? '–' : percent(1 - row.coverage), tag('small', {}, 'uncovered')),
  tag('div', {}, tag('h2', {}, tag('a', {href: link('region', {id: row.id}), dir: 'auto'}, row.label)), tag('p', {}, row.missing.why), gap(row) || command(row.missing.command)));
