// The page: fetches and shows what the address after # names, so every view has a link.

import {holds, left, tell} from './filters.js';
import {groups, missing, nothing, region} from './groups.js';
import {found, persona} from './people.js';
import {watch} from './run.js';
import {request} from './server.js';
import {link, tag} from './tags.js';

const main = document.getElementById('main'), state = document.getElementById('state');
const form = document.getElementById('search');
const held = document.getElementById('held'); // a page sent as one file holds its answers
const answers = held ? JSON.parse(held.textContent) : null;
let survey = null, drawn = 0, later = 0;

if (window.location.search && !answers) window.history.replaceState(null, '', window.location.pathname + window.location.hash); // the token is no longer needed

const ask = async (path, given) => (answers ? answered(path, given) : request(path, given));

function answered(path, given) {
  const id = given?.id ?? '', known = answers[path] ?? {};
  const found = path === 'matching' ? matching(given) : path === 'search' ? searched(given) : Object.hasOwn(known, id) ? known[id] : null;
  if (!found) throw new Error('This file holds only a sample, and this is not part of it. Use `pgraph explore` on the graph itself.');
  return path === 'region' ? {...found, people: found.people.filter(row => holds(answers.persona[row.id], survey, given))} : found;
}

const people = given => Object.values(answers.persona).filter(one => holds(one, survey, given));

function matching(given) {
  const counts = {};
  for (const one of people(given)) counts[one.region] = (counts[one.region] || 0) + 1;
  return {personas: counts};
}

function searched({words, ...given}) {
  const letters = words.toLowerCase();
  const found = people(given).filter(one => [one.text, one.role, one.domain_label].some(text => text?.toLowerCase().includes(letters)));
  return {words, people: found.slice(0, 50), more: found.length > 50};
}

/** Get the overview, and wait for it until it has been counted once; returns whether it has changed. */
async function overview() {
  for (;;) {
    const told = await ask('overview');
    const changed = JSON.stringify(told.survey) !== JSON.stringify(survey);
    if (changed) survey = told.survey;
    if (told.write) await watch(renew);
    if (!told.counting) state.textContent = answers?.note ?? (told.stale ? 'The graph has changed; it will be counted again soon.' : '');
    else {
      state.textContent = `${survey && !survey.draft ? 'The graph has changed' : 'The graph is new here'}: counting ${told.personas.toLocaleString('en')} personas … ${Math.round(told.seconds)} s`;
    }
    if (survey) {
      clearTimeout(later);
      if (told.counting || told.stale) later = setTimeout(renew, 1500);
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
  '': async given => groups(survey, given, go, await left(survey, ask)),
  missing: () => missing(survey),
  region: async given => region(survey, given, await ask('region', given), ask),
  persona: async given => persona(await ask('persona', given)),
  search: async given => found('Search', await ask('search', given)),
};

/** Change the view's parameters without a step back in the history. */
function go(view, given) {
  window.history.replaceState(null, '', link(view, given));
}

/** Wait until nothing is pressed: a button that is redrawn under a finger gets no click. */
async function released() {
  while (document.querySelector(':active:not(html, body)')) await new Promise(done => setTimeout(done, 50));
}

async function show(moved) {
  const turn = ++drawn;
  const [view, rest] = window.location.hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const given = Object.fromEntries(new URLSearchParams(rest || ''));
  main.setAttribute('aria-busy', 'true');
  let made;
  try {
    if (!survey || !view) await overview();
    if (!moved) await released();
    tell(survey, view, () => show(false));
    made = !survey.regions.length ? nothing() : VIEWS[view] ? await VIEWS[view](given) : tag('h1', {}, 'This view does not exist');
  } catch (error) {
    made = tag('div.callout', {role: 'alert'}, tag('h1', {}, 'This could not be shown'), tag('p', {}, error.message));
  }
  if (!moved) await released();
  if (turn !== drawn) return; // another view was asked for meanwhile
  const inside = main.contains(document.activeElement);
  main.replaceChildren(made);
  main.removeAttribute('aria-busy');
  document.title = `${main.querySelector('h1')?.textContent || 'pgraph'} – pgraph explorer`;
  for (const one of document.querySelectorAll('[data-view]')) {
    one.setAttribute('href', link(one.dataset.view));
    if (one.dataset.view === view) one.setAttribute('aria-current', 'page');
    else one.removeAttribute('aria-current');
  }
  if (view === 'search') {
    form.elements.words.value = given.words ?? '';
    if (form.elements.meaning) form.elements.meaning.checked = given.meaning === '1';
  }
  if (moved || inside) main.focus({preventScroll: true});
  if (moved) window.scrollTo(0, 0);
}

form.addEventListener('submit', event => {
  event.preventDefault();
  const asked = Object.fromEntries(new FormData(event.target)), words = asked.words.trim();
  if (words) window.location.hash = link('search', {...asked, words});
});
if (answers) document.querySelector('#search label').remove(); // a file holds no vectors
document.querySelector('.skip').addEventListener('click', event => {
  event.preventDefault();
  main.focus();
});
window.addEventListener('hashchange', () => show(true));
show(false);
