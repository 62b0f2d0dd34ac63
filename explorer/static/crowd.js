// The personas of a group as dots: seeds in the middle, a ring for each hop, a sector for each relationship along which
// they were found. While the picture moves, its last drawing is moved and scaled: drawing ten thousand dots and lines takes
// longer than a frame.
// [1] The R2 sequence of M. Roberts, The Unreasonable Effectiveness of Quasirandom Sequences, 2018.

import {cut, link, number, spoken, tag} from './tags.js';

const REST = 150; // milliseconds without a movement
const NARROW = 600; // pixels in width; below, the sectors have no names
const MARGIN = 34; // pixels around the picture, for these names
const NEAR = 14; // pixels; a dot at this distance or less is pointed at
const TURN = 2 * Math.PI;

export function crowd(parameters, row, ask) {
  const canvas = tag('canvas', {role: 'img', tabindex: 0, 'aria-label': 'Picture of the personas of this group'});
  const pointed = tag('p.pointed', {'aria-hidden': 'true'}, '\u00a0');
  const note = tag('figcaption', {}, 'Drawing …');
  const figure = tag('figure.map', {}, canvas, pointed, note);
  const section = tag('section', {}, tag('h2', {}, 'Its people, by hops from a seed and by relationship'), figure);
  ask('crowd', {id: row.id, size: row.personas}).then(answer => {
    const view = new Crowd(canvas, pointed, answer, parameters);
    const buttons = [['Larger', 1.5], ['Smaller', 1 / 1.5], ['Whole', 0]].map(([name, factor]) => (
      tag('button', {type: 'button', onclick: () => (factor ? view.zoom(factor) : view.whole())}, name)));
    figure.prepend(tag('div.tools', {}, buttons));
    note.replaceChildren(...summary(answer));
    canvas.setAttribute('aria-label', `${section.firstChild.textContent}: ${note.textContent} The list of personas has the same content.`);
  }).catch(error => note.replaceChildren(error.message));
  return section;
}

function summary({people, relations, more}) {
  const seeds = people.filter(person => person[2] === 0).length, deepest = Math.max(0, ...people.map(person => person[2]));
  return [tag('span', {}, `${number(people.length)} personas${more ? ', a sample' : ''}: ${number(seeds)} seeds in the middle, ` +
    `${deepest} rings, a sector for each relationship (${relations.length}). A line leads to the persona that somebody came from, if it is in this group.`),
  tag('span', {}, 'Drag to move, Ctrl + wheel to zoom. Keyboard: arrows, + and −.')];
}

/** [x, y] of each persona in a circle of radius 1, and the sectors: [name, from, to]. */
export function placed(people, relations) {
  const along = Array(relations.length + 1).fill(0), rings = [];
  for (const [, , depth, relation] of people) {
    rings[depth] = (rings[depth] || 0) + 1;
    if (depth) along[relation < 0 ? relations.length : relation] += 1;
  }
  const all = along.reduce((sum, count) => sum + count, 0) || 1;
  let turn = -TURN / 4;
  const sectors = along.map((count, place) => [relations[place] ?? '', turn, turn += TURN * count / all]);
  const edges = [0];
  for (let depth = 0, before = 0; depth < rings.length; depth += 1) edges.push(Math.sqrt((before += rings[depth] || 0) / people.length));
  const used = new Map();
  const places = people.map(([, , depth, relation]) => {
    const sector = relation < 0 ? relations.length : relation, cell = depth ? `${depth} ${sector}` : '';
    const number = (used.get(cell) || 0) + 1;
    used.set(cell, number);
    const shift = 0.31 * depth + 0.53 * sector; // so that cells do not look alike
    const [u, v] = [(number * 0.7548776662 + shift) % 1, (number * 0.569840291 + shift) % 1]; // evenly spread [1]
    const [from, to] = depth ? sectors[sector].slice(1) : [0, TURN], [low, high] = [edges[depth] ** 2, edges[depth + 1] ** 2];
    const angle = from + (0.03 + 0.94 * u) * (to - from), radius = Math.sqrt(low + (0.04 + 0.92 * v) * (high - low));
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
  return {places, sectors: sectors.filter(([, from, to]) => to > from), edges};
}

class Crowd {
  constructor(canvas, caption, {people, relations}, parameters) {
    Object.assign(this, {canvas, caption, people, relations, pointed: -1, stale: true, frame: 0}, placed(people, relations));
    const [depth, relation] = [parameters.depth, parameters.relation]; // the filters of the list apply here too
    this.faint = people.map(person => (depth && String(person[2]) !== depth) || (relation && relations[person[3]] !== relation));
    this.pen = canvas.getContext('2d', {alpha: false});
    this.drawing = document.createElement('canvas');
    this.whole();
    new ResizeObserver(() => this.sized()).observe(canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.soon(true));
    canvas.addEventListener('wheel', event => this.wheel(event), {passive: false});
    canvas.addEventListener('pointerdown', event => this.grab(event));
    canvas.addEventListener('pointermove', event => this.move(event));
    canvas.addEventListener('pointerleave', () => this.point(-1));
    canvas.addEventListener('click', event => this.open(event));
    canvas.addEventListener('keydown', event => this.key(event));
  }

  whole() { this.to({scale: 1, x: 0, y: 0}); }

  /** Zoom around a point of the canvas, by default its middle. */
  zoom(factor, centre = [0, 0]) {
    const {scale, x, y} = this.view, next = Math.min(60, Math.max(0.5, scale * factor)), grown = next / scale;
    this.to({scale: next, x: centre[0] - (centre[0] - x) * grown, y: centre[1] - (centre[1] - y) * grown});
  }

  to(view) {
    this.view = view;
    this.soon(false);
  }

  sized() {
    const ratio = Math.min(2, window.devicePixelRatio || 1), {clientWidth: wide, clientHeight: high} = this.canvas;
    for (const sheet of [this.canvas, this.drawing]) [sheet.width, sheet.height] = [wide * ratio, high * ratio];
    this.ratio = ratio;
    this.soon(true);
  }

  /** Show it at the next frame; redraw it if `stale`, if it has moved far, or when it comes to rest. */
  soon(stale) {
    this.stale ||= stale;
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      if (!this.canvas.clientWidth) return;
      clearTimeout(this.rest);
      if (this.stale || this.isFar()) this.paint();
      else if (this.view !== this.painted) this.rest = setTimeout(() => this.soon(true), REST);
      this.show();
    });
  }

  isFar() {
    const {scale, x, y} = this.painted, grown = this.view.scale / scale;
    const [across, along] = [this.view.x - x * grown, this.view.y - y * grown];
    return grown > 2.5 || grown < 0.4 || Math.abs(across) > this.canvas.clientWidth / 2 || Math.abs(along) > this.canvas.clientHeight / 2;
  }

  /** Where the middle of the circle lies on the canvas and how long its radius is, in pixels. */
  place({scale, x, y}) {
    const {clientWidth: wide, clientHeight: high} = this.canvas;
    return [wide / 2 + x, high / 2 + y, (Math.min(wide, high) / 2 - (wide < NARROW ? MARGIN / 3 : MARGIN)) * scale];
  }

  paint() {
    const pen = this.drawing.getContext('2d', {alpha: false}), style = getComputedStyle(this.canvas);
    const color = name => style.getPropertyValue(`--${name}`);
    const [x, y, radius] = this.place(this.view), size = Math.min(7, Math.max(1.4, 0.42 * radius / Math.sqrt(this.people.length)));
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.fillStyle = color('card');
    pen.fillRect(0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
    pen.translate(x, y);
    this.ruled(pen, radius, color);
    pen.strokeStyle = color('soft');
    pen.globalAlpha = Math.min(0.5, 60 / Math.sqrt(this.people.length) / 10);
    pen.lineWidth = 0.6;
    this.lines(pen, radius, this.people.keys());
    for (const faint of [true, false]) {
      pen.globalAlpha = faint ? 0.25 : 1;
      pen.fillStyle = color(faint ? 'soft' : 'accent');
      pen.beginPath();
      this.places.forEach(([across, along], person) => {
        if (Boolean(this.faint[person]) !== faint) return;
        pen.moveTo(across * radius + size, along * radius);
        pen.arc(across * radius, along * radius, size, 0, TURN);
      });
      pen.fill();
    }
    pen.globalAlpha = 1;
    [this.painted, this.size, this.stale] = [this.view, size, false];
  }

  /** The rings, and the names of those sectors that have room for a name. */
  ruled(pen, radius, color) {
    pen.strokeStyle = color('line');
    pen.lineWidth = 1;
    for (const edge of this.edges.slice(1)) {
      pen.beginPath();
      pen.arc(0, 0, edge * radius, 0, TURN);
      pen.stroke();
    }
    pen.fillStyle = color('soft');
    pen.font = `12px ${color('text')}`;
    pen.textBaseline = 'middle';
    for (const [name, from, to] of this.sectors) {
      pen.beginPath();
      pen.moveTo(this.edges[1] * radius * Math.cos(from), this.edges[1] * radius * Math.sin(from));
      pen.lineTo(radius * Math.cos(from), radius * Math.sin(from));
      pen.stroke();
      if ((to - from) * radius < 16 || this.canvas.clientWidth < NARROW) continue;
      const middle = (from + to) / 2, out = radius + 8;
      pen.textAlign = Math.abs(Math.cos(middle)) < 0.2 ? 'center' : Math.cos(middle) > 0 ? 'left' : 'right';
      pen.fillText(cut(name ? spoken(name) : 'texts, files', 18), out * Math.cos(middle), out * Math.sin(middle));
    }
  }

  lines(pen, radius, persons) {
    pen.beginPath();
    for (const person of persons) {
      const source = this.people[person][4];
      if (source < 0) continue;
      pen.moveTo(this.places[person][0] * radius, this.places[person][1] * radius);
      pen.lineTo(this.places[source][0] * radius, this.places[source][1] * radius);
    }
    pen.stroke();
  }

  show() {
    const pen = this.pen, {clientWidth: wide, clientHeight: high} = this.canvas, style = getComputedStyle(this.canvas);
    const grown = this.view.scale / this.painted.scale, [x, y, radius] = this.place(this.view), [was, were] = this.place(this.painted);
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.fillStyle = style.getPropertyValue('--card');
    pen.fillRect(0, 0, wide, high);
    pen.drawImage(this.drawing, x - was * grown, y - were * grown, wide * grown, high * grown);
    if (this.pointed < 0) return;
    pen.translate(x, y);
    pen.strokeStyle = pen.fillStyle = style.getPropertyValue('--second');
    pen.lineWidth = 1.5;
    this.lines(pen, radius, this.family);
    for (const person of [...this.family, ...this.family.map(child => this.people[child][4])].filter(place => place >= 0)) {
      pen.beginPath();
      pen.arc(this.places[person][0] * radius, this.places[person][1] * radius, (this.size + 1.5) * (person === this.pointed ? 1.4 : 1), 0, TURN);
      pen.fill();
    }
  }

  point(person) {
    if (person === this.pointed) return;
    this.pointed = person;
    this.canvas.style.cursor = person < 0 ? '' : 'pointer';
    if (person < 0) this.caption.textContent = '\u00a0';
    else {
      this.family = [person, ...this.people.keys()].filter((member, place) => !place || this.people[member][4] === person);
      const [, role, depth, relation] = this.people[person];
      this.caption.textContent = `${role || 'somebody'}: ${depth ? `${depth} hop${depth > 1 ? 's' : ''} from a seed` : 'a seed'}${
        relation < 0 ? '' : `, found along ${spoken(this.relations[relation])}`}`;
    }
    this.soon(false);
  }

  under(event) {
    const box = this.canvas.getBoundingClientRect(), [x, y, radius] = this.place(this.view);
    const across = (event.clientX - box.left - x) / radius, along = (event.clientY - box.top - y) / radius;
    let best = -1, least = (NEAR / radius) ** 2;
    this.places.forEach(([u, v], person) => {
      const far = (u - across) ** 2 + (v - along) ** 2;
      if (far < least) [best, least] = [person, far];
    });
    return best;
  }

  wheel(event) {
    if (!event.ctrlKey) return; // without it, the page scrolls
    event.preventDefault();
    const box = this.canvas.getBoundingClientRect();
    this.zoom(Math.exp(-event.deltaY / 300), [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2]);
  }

  grab(event) {
    if (event.button) return;
    this.dragged = {x: event.clientX - this.view.x, y: event.clientY - this.view.y, from: [event.clientX, event.clientY], moved: false};
    this.canvas.setPointerCapture(event.pointerId);
  }

  move(event) {
    if (!this.dragged || !event.buttons) {
      this.point(this.under(event));
      return;
    }
    this.dragged.moved ||= Math.hypot(event.clientX - this.dragged.from[0], event.clientY - this.dragged.from[1]) > 4;
    if (this.dragged.moved) this.to({...this.view, x: event.clientX - this.dragged.x, y: event.clientY - this.dragged.y});
  }

  open(event) {
    const moved = this.dragged?.moved, person = this.under(event);
    this.dragged = null;
    if (!moved && person >= 0) window.location.hash = link('persona', {id: this.people[person][0]}).slice(1);
  }

  key(event) {
    const step = {ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40]}[event.key];
    if (step) this.to({...this.view, x: this.view.x + step[0], y: this.view.y + step[1]});
    else if (event.key === '+' || event.key === '-') this.zoom(event.key === '+' ? 1.25 : 0.8);
    else return;
    event.preventDefault();
  }
}
