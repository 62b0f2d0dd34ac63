// The filters: the address says which personas are shown; a bar changes it, and describes it in words.

import {cut, filters, link, number, percent, sent, spoken, tag} from './tags.js';

const HERE = ['', 'region', 'search']; // the views to which they apply
const bar = document.getElementById('filters');
let built = null;

/** Show the filters of the address in the bar; `changed` is called when somebody changes a filter. */
export function showFilters(survey, view, changed) {
  const chosen = filters(), names = Object.keys(chosen);
  bar.hidden = !HERE.includes(view) || !survey?.regions.length;
  if (bar.hidden) return;
  if (built !== survey && !bar.querySelector('select:focus, input:focus')) { // a list that somebody is choosing from stays open
    const open = bar.querySelector('details')?.open ?? names.length > 0;
    bar.replaceChildren(tag('details', {open}, tag('summary', {}, 'Filters'), controls(survey, changed)), tag('p', {role: 'status'}));
    built = survey;
  }
  for (const control of bar.querySelectorAll('[name]')) if (control !== document.activeElement) control.value = chosen[control.name] ?? '';
  const clear = tag('button', {type: 'button', onclick: () => put(Object.fromEntries(names.map(name => [name, ''])), changed)}, 'Clear all');
  bar.lastChild.replaceChildren(...(names.length ? [tag('span', {dir: 'auto'}, `Only personas ${words(chosen, survey)}.`), ' ', clear] : []));
}

function put(values, changed) {
  const [view, rest] = window.location.hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  window.history.replaceState(null, '', link(view, {...Object.fromEntries(new URLSearchParams(rest || '')), ...values}));
  changed();
}

function controls(survey, changed) {
  const set = event => put({[event.target.name]: event.target.value}, changed);
  const label = (text, control) => tag('label', {}, `${text} `, control);
  const choice = (name, text, options) => (options.length ? label(text, tag('select', {name, onchange: set},
    tag('option', {value: ''}, 'any'), options.map(([value, shown]) => tag('option', {value}, shown)))) : null);
  const limit = (name, text, more) => label(text, tag('input', {name, type: 'number', onchange: set, ...more}));
  const times = rows => rows.map(([value, many]) => [value, `${cut(spoken(String(value)), 40)} (${number(many)})`]);
  return tag('div.tools', {},
    choice('depth', 'Hops from a seed', times(summed(survey, 'depths').sort((a, b) => a[0] - b[0]))),
    choice('relation', 'Found along', times(summed(survey, 'relations').sort((a, b) => b[1] - a[1]))),
    choice('run', 'New in run', survey.runs.map(row => [row.id, runInWords(row)])),
    choice('language', 'Language', times(survey.languages)),
    limit('coverage', 'Groups with coverage below (%)', {min: 0, max: 100, step: 1}),
    limit('least', 'Score at least', {step: 0.1}), limit('below', 'Score below', {step: 0.1}));
}

function summed(survey, name) {
  const sums = new Map();
  for (const row of survey.regions) for (const [value, many] of row[name]) sums.set(value, (sums.get(value) || 0) + many);
  return [...sums];
}

const runInWords = row => [row.command, row.model && cut(row.model, 24), (row.started || '').slice(0, 16).replace('T', ' ')].filter(Boolean).join(' · ');

/** The filters as the end of a sentence; '' without filters. */
export function words(chosen, survey) {
  const phrases = {
    depth: value => (value === '0' ? 'that are seeds' : `${value} ${value === '1' ? 'hop' : 'hops'} from a seed`),
    relation: value => `found along “${cut(spoken(value), 60)}”`,
    run: value => `new in the run ${value}${survey.runs.filter(row => row.id === value).map(row => ` (${runInWords(row)})`).join('')}`,
    language: value => `in the language ${cut(value, 20)}`,
    coverage: value => `of groups with coverage below ${percent(value / 100)}`,
    least: value => `with a score of at least ${value}`,
    below: value => `with a score below ${value}`,
  };
  return Object.entries(chosen).map(([name, value]) => phrases[name](value)).join(', ');
}

/** Links to save the personas that the filters leave, of one group or of all groups. */
export function saved(label, id) {
  if (sent()) return null;
  const chosen = filters(), name = ['personas', label, ...Object.entries(chosen).flat()].join(' ').replace(/[^\p{L}\p{N}.]+/gu, '-').slice(0, 100);
  return tag('p.save', {}, 'Save these personas: ', ['jsonl', 'csv'].map(format => [tag('a', {
    href: `/api/export?${new URLSearchParams({...chosen, ...(id === undefined ? {} : {id}), format})}`, download: `${name}.${format}`,
  }, format === 'csv' ? 'CSV' : 'JSON Lines'), ' ']));
}

/** How many personas of each region the filters leave; null without filters. */
export async function left(survey, ask) {
  const chosen = filters(), names = Object.keys(chosen);
  if (!names.length) return null;
  const people = names.some(name => name !== 'coverage') ? new Map(Object.entries((await ask('matching', chosen)).personas)) : null;
  return new Map(survey.regions.filter(row => covered(row, chosen))
    .map(row => [row.id, people ? people.get(row.id) : row.personas]).filter(([, many]) => many));
}

const covered = (row, chosen) => !chosen.coverage || (row && row.coverage !== null && row.coverage * 100 < Number(chosen.coverage));

/** Whether the filters leave this persona; for a page that is one file, which has all its data. */
export function holds(persona, survey, chosen) {
  const facts = {depth: String(persona.depth), language: persona.language, run: persona.run};
  return ['depth', 'language', 'run'].every(name => !chosen[name] || facts[name] === chosen[name])
    && (!chosen.relation || persona.sightings.some(row => row.kind === 'persona' && row.relation === chosen.relation))
    && (!chosen.least || (persona.score !== null && persona.score >= Number(chosen.least)))
    && (!chosen.below || (persona.score !== null && persona.score < Number(chosen.below)))
    && covered(survey.regions.find(row => row.id === persona.region), chosen);
}
