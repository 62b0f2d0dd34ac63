// The page: fetches and shows what the address after # names, so every view has a link.

import {holds, left, showFilters} from './filters.js';
import {groups, missing, nothing, region} from './groups.js';
import {persona, results} from './people.js';
import {watch} from './run.js';
import {request} from './server.js';
import {link, tag} from './tags.js';

const main = document.getElementById('main'), state = document.getElementById('state');
const form = document.getElementById('search');
const data = document.getElementById('held'); // a page sent as one file holds its answers
const answers = data ? JSON.parse(data.textContent) : null;
let survey = null, drawn = 0, timer = 0;

if (window.location.search && !answers) window.history.replaceState(null, '', window.location.pathname + window.location.hash); // the token is no longer needed

const ask = async (path, parameters) => (answers ? answerFromFile(path, parameters) : request(path, parameters));

function answerFromFile(path, parameters) {
  if (path === 'matching') return matching(parameters);
  if (path === 'search') return search(parameters);
  const id = parameters?.id ?? '', stored = answers[path] ?? {};
  const answer = Object.hasOwn(stored, id) ? stored[id] : null;
  if (!answer) throw new Error('This file holds only a sample, and this is not part of it. Use `pgraph explore` on the graph itself.');
  return path === 'region' ? {...answer, people: answer.people.filter(row => holds(answers.persona[row.id], survey, parameters))} : answer;
}

const people = parameters => Object.values(answers.persona).filter(row => holds(row, survey, parameters));

function matching(parameters) {
  const counts = {};
  for (const {region: id} of people(parameters)) counts[id] = (counts[id] || 0) + 1;
  return {personas: counts};
}

function search({words, ...parameters}) {
  const letters = words.toLowerCase();
  const rows = people(parameters).filter(row => [row.text, row.role, row.domain_label].some(text => text?.toLowerCase().includes(letters)));
  return {words, people: rows.slice(0, 50), more: rows.length > 50};
}

/** Get the overview, and wait for it until it has been counted once; returns whether it has changed. */
async function overview() {
  for (;;) {
    const now = await ask('overview');
    const changed = JSON.stringify(now.survey) !== JSON.stringify(survey);
    if (changed) survey = now.survey;
    if (now.write) await watch(renew);
    if (!now.counting) state.textContent = answers?.note ?? (now.stale ? 'The graph has changed; it will be counted again soon.' : '');
    else {
      state.textContent = `${survey && !survey.draft ? 'The graph has changed' : 'The graph is new here'}: counting ${now.personas.toLocaleString('en')} personas … ${Math.round(now.seconds)} s`;
    }
    if (survey) {
      clearTimeout(timer);
      if (now.counting || now.stale) timer = setTimeout(renew, 1500);
      return changed;
    }
    await new Promise(done => setTimeout(done, 400));
  }
}

async function renew() {
  try {
    if (await overview()) await show(false);
  } catch (error) {
    state.textContent = error.message;
  }
}

const VIEWS = {
  '': async parameters => groups(survey, parameters, go, await left(survey, ask)),
  missing: () => missing(survey),
  region: async parameters => region(survey, parameters, await ask('region', parameters), ask),
  persona: async parameters => persona(await ask('persona', parameters)),
  search: async parameters => results('Search', await ask('search', parameters)),
};

/** Change the view's parameters without a step back in the history. */
function go(view, parameters) {
  window.history.replaceState(null, '', link(view, parameters));
}

/** Wait until nothing is pressed: a button that is redrawn under a finger gets no click. */
async function released() {
  while (document.querySelector(':active:not(html, body)')) await new Promise(done => setTimeout(done, 50));
}

async function viewOf(name, parameters) {
  if (!survey.regions.length) return nothing();
  return VIEWS[name] ? VIEWS[name](parameters) : tag('h1', {}, 'This view does not exist');
}

async function show(moved) {
  const turn = ++drawn;
  const [view, rest] = window.location.hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const parameters = Object.fromEntries(new URLSearchParams(rest || ''));
  main.setAttribute('aria-busy', 'true');
  let content;
  try {
    if (!survey || !view) await overview();
    if (!moved) await released();
    showFilters(survey, view, () => show(false));
    content = await viewOf(view, parameters);
  } catch (error) {
    content = tag('div.callout', {role: 'alert'}, tag('h1', {}, 'This could not be shown'), tag('p', {}, error.message));
  }
  if (!moved) await released();
  if (turn !== drawn) return; // another view was asked for meanwhile
  const inside = main.contains(document.activeElement);
  main.replaceChildren(content);
  main.removeAttribute('aria-busy');
  document.title = `${main.querySelector('h1')?.textContent || 'pgraph'} – pgraph explorer`;
  for (const item of document.querySelectorAll('[data-view]')) {
    item.setAttribute('href', link(item.dataset.view));
    if (item.dataset.view === view) item.setAttribute('aria-current', 'page');
    else item.removeAttribute('aria-current');
  }
  if (view === 'search') {
    form.elements.words.value = parameters.words ?? '';
    if (form.elements.meaning) form.elements.meaning.checked = parameters.meaning === '1';
  }
  if (moved || inside) main.focus({preventScroll: true});
  if (moved) window.scrollTo(0, 0);
}

form.addEventListener('submit', event => {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(event.target)), words = fields.words.trim();
  if (words) window.location.hash = link('search', {...fields, words});
});
if (answers) document.querySelector('#search label').remove(); // a file holds no vectors
document.querySelector('.skip').addEventListener('click', event => {
  event.preventDefault();
  main.focus();
});
window.addEventListener('hashchange', () => show(true));
show(false);
