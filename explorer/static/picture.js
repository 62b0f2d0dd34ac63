// Save the map as a picture: as it looks now, with its legend. Nothing leaves the page.

import {shape, tag} from './tags.js';

const LOOKS = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'opacity', 'font-size', 'text-anchor', 'dominant-baseline'];
const WIDE = 2; // pixels of a PNG for each pixel of the drawing

/** Buttons that save the drawing; `lines`: the texts below it. */
export function saving(drawing, name, lines) {
  const save = make => async () => {
    try {
      await make();
    } catch (error) {
      document.getElementById('said').textContent = error.message;
    }
  };
  const svg = () => handOut(new Blob([text(drawing, lines)], {type: 'image/svg+xml'}), `${name}.svg`);
  const png = async () => handOut(await pixels(text(drawing, lines)), `${name}.png`);
  return tag('p.save', {}, 'Save the picture: ', tag('button', {type: 'button', onclick: save(svg)}, 'SVG'), ' ',
    tag('button', {type: 'button', onclick: save(png)}, 'PNG'));
}

/** The drawing as SVG that needs no style sheet: each look as an attribute, colours as numbers. */
function text(drawing, lines) {
  const copy = drawing.cloneNode(true), box = drawing.viewBox.baseVal;
  const from = drawing.querySelectorAll('*');
  for (const [place, element] of copy.querySelectorAll('*').entries()) {
    const look = getComputedStyle(from[place]);
    for (const name of ['class', 'style', 'data-id']) element.removeAttribute(name);
    for (const name of LOOKS) element.setAttribute(name, ['fill', 'stroke'].includes(name) ? plain(look[name]) : look.getPropertyValue(name));
    if (element.localName === 'circle') element.setAttribute('vector-effect', 'non-scaling-stroke');
  }
  const shown = lines.flatMap(broken), page = getComputedStyle(drawing.closest('figure')), high = box.height + 26 * shown.length + 10;
  const size = {viewBox: `${box.x} ${box.y} ${box.width} ${high}`, width: box.width, height: high};
  for (const [name, value] of Object.entries({xmlns: 'http://www.w3.org/2000/svg', 'font-family': 'sans-serif', ...size})) copy.setAttribute(name, value);
  copy.prepend(shape('title', {}, lines.join(' ')), shape('rect', {x: box.x, y: box.y, width: box.width, height: high, fill: plain(page.backgroundColor)}));
  copy.append(...shown.map((line, place) => shape('text', {x: 0, y: box.height + 26 * place, 'font-size': 18, fill: plain(page.color)}, line)));
  return new XMLSerializer().serializeToString(copy);
}

/** Break a line so that no part is wider than the drawing. */
function broken(line) {
  const parts = [''];
  for (const word of line.split(' ')) {
    if (parts.at(-1).length + word.length > 95) parts.push(word);
    else parts[parts.length - 1] += `${parts.at(-1) ? ' ' : ''}${word}`;
  }
  return parts;
}

/** A colour as other programs understand it: `color-mix` and the like are computed. */
function plain(colour) {
  if (colour === 'none') return colour;
  const pen = Object.assign(document.createElement('canvas'), {width: 1, height: 1}).getContext('2d');
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  return `rgb(${[...pen.getImageData(0, 0, 1, 1).data].slice(0, 3)})`;
}

async function pixels(source) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(source)}`;
  await image.decode();
  const sheet = Object.assign(document.createElement('canvas'), {width: image.width * WIDE, height: image.height * WIDE});
  sheet.getContext('2d').drawImage(image, 0, 0, sheet.width, sheet.height);
  return new Promise((done, failed) => sheet.toBlob(blob => (blob ? done(blob) : failed(new Error('The picture is too large.')))));
}

function handOut(blob, name) {
  const address = URL.createObjectURL(blob);
  tag('a', {href: address, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
