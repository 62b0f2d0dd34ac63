// The map of the groups: a circle for each, placed by the server, and curved lines for the flows between them.
// It is a picture for the eye and the mouse; the table next to it has the same content for keyboards and screen readers.

import {words} from './filters.js';
import {saving} from './picture.js';
import {cut, filters, link, number, percent, shape, tag} from './tags.js';

const SIZE = 1000;
const ALWAYS = 60; // flows that are drawn when nothing is pointed at

/** `left`: the groups that the filters leave; the others are dimmed. null: all of them. */
export function map(survey, left) {
  const rows = survey.regions.filter(row => row.circle);
  const places = new Map(rows.map(row => [row.id, row]));
  const flows = survey.flows.filter(flow => flow.from !== flow.to && [flow.from, flow.to].every(id => places.has(id) && (!left || left.has(id))));
  const most = Math.max(1, ...flows.map(flow => flow.answers));
  const lines = shape('g', {}), circles = shape('g', {});
  const pointed = tag('p.pointed', {'aria-hidden': 'true'}, '\u00a0');
  const nodes = new Map(rows.map(row => [row.id, circle(row, left && !left.has(row.id))]));
  circles.append(...nodes.values());
  const draw = id => {
    const shown = id === null ? flows.slice(0, ALWAYS) : flows.filter(flow => flow.from === id || flow.to === id);
    lines.replaceChildren(...shown.map(flow => line(flow, places, most, id)));
    for (const [regionId, node] of nodes) node.classList.toggle('on', regionId === id);
    pointed.textContent = id === null || !places.has(id) ? '\u00a0' : sentence(places.get(id));
  };
  draw(null);
  const picture = shape('svg', {viewBox: `-8 -8 ${SIZE + 16} ${SIZE + 16}`, role: 'img', 'aria-label': describe(survey, rows)}, circles, lines);
  circles.addEventListener('pointerover', event => draw(event.target.closest('[data-id]')?.dataset.id ?? null));
  picture.addEventListener('pointerleave', () => draw(null));
  circles.addEventListener('click', event => {
    const circle = event.target.closest('[data-id]');
    if (circle) window.location.hash = link('region', {id: circle.dataset.id}).slice(1);
  });
  const chosen = filters();
  const below = [`${describe(survey, rows).split('.')[0]}. Size: number of personas; colour: share that is not covered; dashed: ${unknown(survey)}.`,
    ...(left ? [`Dimmed: groups without personas ${words(chosen, survey)}.`] : [])];
  return {figure: tag('figure.map', {}, picture, pointed, legend(survey, rows), saving(picture, 'pgraph-map', below)), point: draw};
}

function circle(row, off) {
  const [x, y, r] = row.circle.map(value => value * SIZE);
  const empty = row.coverage === null;
  const group = shape(off ? 'g.region.off' : 'g.region', {'data-id': row.id},
    shape(empty ? 'circle.empty' : 'circle', {cx: x, cy: y, r, '--v': empty ? 0 : 100 * (1 - row.coverage)}));
  const letters = Math.floor(r / 6.2); // that fit in the smallest size
  if (letters >= 5) group.append(...caption(row, x, y, r));
  return group;
}

/** The label on up to three lines, as large as fits into the circle. */
function caption(row, x, y, r) {
  const words = cut(row.label, 48).split(/[\s/,]+/).filter(Boolean), lines = [];
  for (const word of words) {
    if (lines.length && (lines.at(-1) + word).length < 13) lines[lines.length - 1] += ` ${word}`;
    else lines.push(word);
  }
  const shown = lines.slice(0, 3).map((text, place) => cut(place === 2 && lines.length > 3 ? `${text}…` : text, 18));
  const size = Math.min(26, (1.5 * r) / Math.max(4, ...shown.map(text => text.length)) / 0.55);
  if (size < 11) return [];
  return shown.map((text, place) => shape('text', {x, y: y + (place - (shown.length - 1) / 2) * size * 1.1, 'font-size': size}, text));
}

function line(flow, places, most, id) {
  const [a, b] = [places.get(flow.from).circle, places.get(flow.to).circle].map(c => c.map(value => value * SIZE));
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]], far = Math.hypot(dx, dy) || 1;
  const from = [a[0] + (dx / far) * a[2], a[1] + (dy / far) * a[2]], to = [b[0] - (dx / far) * b[2], b[1] - (dy / far) * b[2]];
  const bend = [(from[0] + to[0]) / 2 - dy * 0.12, (from[1] + to[1]) / 2 + dx * 0.12];
  const kind = id === null ? '' : flow.from === id ? '.out' : '.in';
  return shape(`path.flow${kind}`, {d: `M${from} Q${bend} ${to}`, 'stroke-width': 1 + 7 * Math.sqrt(flow.answers / most)});
}

const sentence = row => `${row.label}: ${number(row.personas)} personas, ${
  row.coverage === null ? 'coverage unknown' : `${percent(row.coverage)} covered`}`;

const unknown = survey => (survey.draft ? 'being counted' : 'no answers yet');

function describe(survey, rows) {
  return `Map of the ${rows.length} largest of ${survey.regions.length + survey.left_out.regions} groups. The table of groups has the same content.`;
}

function legend(survey, rows) {
  const left = survey.regions.length + survey.left_out.regions - rows.length;
  return tag('figcaption', {},
    tag('span.scale', {}, 'covered ', tag('span.ramp'), ' not covered'),
    tag('span.scale', {}, tag('span.ring'), ` ${unknown(survey)}`),
    tag('span', {}, 'Size: number of personas. Lines: where answers land; point at a group to see its lines: ',
      tag('b.out', {}, 'from it'), ' and, dashed, ', tag('b.in', {}, 'to it'), '.'),
    left > 0 ? tag('span', {}, `${number(left)} smaller groups are not drawn.`) : null);
}
