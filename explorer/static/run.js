// Expansions that the page starts (`pgraph explore --write`): a form at each gap and persona, and a panel for the last one.

import {request} from './server.js';
import {command, cut, link, number, percent, tag} from './tags.js';

const panel = document.getElementById('run');
const BUSY = 700, IDLE = 4000; // milliseconds between two requests; another tab may start an expansion
let model = null; // the model that an expansion would ask; null: none can be started here
let run = null; // the last expansion, as the server last described it
let parts = null; // the elements of the panel that change
let turn = 0, ended = null;
const chosen = new Map(); // number of calls by gap or persona, kept when a view is redrawn

/** Start to follow expansions, once; `whenEnded` is called each time one has ended. */
export async function watch(whenEnded) {
  if (ended) return;
  [model, ended] = ['', whenEnded];
  await look();
}

async function look() {
  clearTimeout(turn);
  try {
    take(await request('expansion'));
    panel.querySelector('[data-from=look]')?.remove();
  } catch (error) {
    problem(error, 'look');
  }
  turn = setTimeout(look, run && run.code === null ? BUSY : IDLE);
}

function take(now) {
  const before = run;
  model = now.model;
  run = now.run;
  if (!run || JSON.stringify(run) === JSON.stringify(before)) return;
  const same = before?.number === run.number;
  if (!same) build();
  fill();
  if (run.code === null || (same && before.code !== null)) return;
  if (!before) return; // it had ended before the page was opened
  announce(`The expansion has ended. ${run.said.at(-1) ?? ''}`);
  ended();
}

async function order(path, parameters) {
  try {
    take(await request(path, parameters, 'POST'));
    panel.querySelector('.refused')?.remove();
    await look();
  } catch (error) {
    problem(error, path);
  }
}

/** The command for a gap or a persona (`about`), a field for its number of calls, and a button that starts it. */
export function offer({label, command: proposed, about}) {
  if (model === null) return null;
  const [key] = Object.values(about), most = 1000000;
  const calls = tag('input', {type: 'number', min: 1, max: most, required: true, value: chosen.get(key) ?? proposed.match(/\d+$/)[0]});
  const shown = command(proposed.replace(/\d+$/, calls.value)), code = shown.querySelector('code');
  calls.addEventListener('input', () => {
    if (!calls.validity.valid) return;
    chosen.set(key, calls.value);
    code.textContent = proposed.replace(/\d+$/, calls.value);
  });
  const start = async event => {
    event.preventDefault();
    await order('expand', {...about, calls: calls.value});
    panel.focus();
  };
  return tag('form.offer', {onsubmit: start}, shown, tag('label', {}, 'Calls ', calls),
    tag('button', {'aria-label': `Start it: ${label}`}, 'Start it'), asks());
}

const asks = () => (model ? tag('span.soft', {}, 'It asks ', tag('bdi', {}, model), '.') : null);

function build() {
  parts = {
    of: tag('p.pointed'), figures: tag('p.numbers'), bar: tag('progress', {max: run.of, 'aria-label': 'Calls so far'}),
    stop: tag('button', {type: 'button', onclick: () => order('stop')}, 'Stop'), calls: tag('ol.calls', {role: 'list'}), said: tag('div'), seen: 0,
    close: tag('button', {type: 'button', onclick: () => { panel.hidden = true; }}, 'Close'),
  };
  panel.replaceChildren(parts.of, tag('div.tools', {}, parts.bar, parts.figures, parts.stop, parts.close), parts.said,
    tag('div.last', {tabindex: 0, role: 'region', 'aria-label': 'The last calls'}, parts.calls),
    tag('details', {}, tag('summary', {}, 'The command'), command(run.command), asks()));
  panel.hidden = false;
}

function fill() {
  const now = run.so_far, done = now?.calls ?? 0, running = run.code === null;
  parts.of.replaceChildren(running ? (run.stopping ? 'Stopping the expansion at ' : 'Expanding at ') : 'Expanded at ', tag('bdi', {}, run.label));
  parts.bar.value = done;
  parts.figures.textContent = [`${number(done)} of ${number(run.of)} calls`, now?.failed_calls ? `${number(now.failed_calls)} failed` : null,
    now ? `${number(now.new)} new personas` : null, now ? `${number(now.new_roles)} new roles` : null, now ? `coverage ${percent(now.coverage)}` : null,
    now?.lift ? `lift ${now.lift.ratio.toFixed(2)} (${now.lift.low.toFixed(2)} to ${now.lift.high.toFixed(2)})` : null,
    now ? `${number(now.tokens)} tokens` : null, `${Math.round(run.seconds)} s`].filter(Boolean).join(' · ');
  parts.stop.disabled = run.stopping;
  parts.stop.hidden = !running;
  parts.close.hidden = running;
  const error = running ? -1 : run.said.findIndex(line => line.startsWith('Error:')); // while it is running, it may be the refusal of another start
  const lines = error < 0 ? run.said : run.said.slice(0, error);
  parts.said.replaceChildren(...lines.map(line => tag('p.soft', {dir: 'auto'}, line)),
    error < 0 ? '' : tag('div.callout', {role: 'alert'}, run.said.slice(error).map(line => tag('p', {dir: 'auto'}, line))));
  for (const call of run.calls.filter(call => call.order > parts.seen)) {
    parts.seen = call.order;
    parts.calls.prepend(tag('li', {}, tag('p', {dir: 'auto'}, call.reason, ` ${number(call.new)} of ${number(call.answers)} new.`),
      call.people.length ? tag('ul.fresh', {role: 'list'}, call.people.map(row => tag('li', {}, tag('a', {href: link('persona', {id: row.id}), dir: 'auto'}, row.role || cut(row.text, 60)),
        ' ', tag('span.soft', {dir: 'auto'}, cut(row.text, 120))))) : null));
  }
  while (parts.calls.children.length > 12) parts.calls.lastChild.remove();
}

function problem({message}, from) {
  const shown = panel.querySelector('.refused');
  if (shown?.textContent === message) return;
  shown?.remove();
  panel.prepend(tag('div.callout.refused', {role: 'alert', 'data-from': from}, tag('p', {}, message)));
  panel.hidden = false;
}

const announce = text => { document.getElementById('said').textContent = text; };
