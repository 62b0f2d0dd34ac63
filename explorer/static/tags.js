// Elements from plain functions. A text always becomes a text node, so nothing in the graph can act as markup.

const SVG = 'http://www.w3.org/2000/svg';

/** tag('a.soft', {href: '#/'}, 'text', child): an element; null children are left out, `onclick` adds a listener. */
export function tag(kind, attributes, ...children) {
  return filled(document.createElement(kind.split('.')[0]), kind, attributes, children);
}

export function shape(kind, attributes, ...children) {
  return filled(document.createElementNS(SVG, kind.split('.')[0]), kind, attributes, children);
}

function filled(element, kind, attributes, children) {
  const [, ...classes] = kind.split('.');
  if (classes.length) element.setAttribute('class', classes.join(' '));
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name.startsWith('--')) element.style.setProperty(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

export const number = value => (value === null || value === undefined ? '–' : value.toLocaleString('en'));

/** A share in per cent; less than everything is never shown as 100. */
export function percent(share) {
  if (share === null || share === undefined) return '–';
  const shown = share < 1 ? Math.min(share * 100, 99.9) : 100;
  return `${shown.toFixed(1).replace(/\.0$/, '')}\u00a0%`;
}

export const sent = () => document.getElementById('held') !== null; // as one file: there is no server to ask
export const spoken = relation => (relation || 'relative').replace(/[_-]/g, ' ');
export const cut = (text, length) => ([...text].length <= length ? text : `${[...text].slice(0, length - 1).join('')}…`);

const FILTERS = ['depth', 'relation', 'run', 'language', 'coverage', 'least', 'below'];

/** The filters in the address. */
export function filters() {
  const parameters = new URLSearchParams(window.location.hash.split(/\?(.*)/s)[1] || '');
  return Object.fromEntries(FILTERS.filter(name => parameters.get(name)).map(name => [name, parameters.get(name)]));
}

/** The address of a view; it keeps the filters. */
export const link = (view, parameters) => {
  const entries = Object.entries({...filters(), ...parameters}).filter(([, value]) => value !== '' && value !== null && value !== undefined);
  return `#/${view}${entries.length ? `?${new URLSearchParams(entries)}` : ''}`;
};

/** A table; columns: [heading, function from row to cell, whether it is a number]; the first cell is the header of its row. */
export function table(caption, columns, rows) {
  const head = columns.map(([name, , right]) => tag(right ? 'th.n' : 'th', {scope: 'col'}, name));
  const body = rows.map(row => tag('tr', {'data-id': row.id}, columns.map(([, cell, right], place) => (
    place ? tag(right ? 'td.n' : 'td', {}, cell(row)) : tag('th', {scope: 'row'}, cell(row))))));
  const element = tag('table', {}, tag('caption.unseen', {}, caption), tag('thead', {}, tag('tr', {}, head)), tag('tbody', {}, body));
  return tag('div.wide', {tabindex: 0, role: 'region', 'aria-label': caption}, element);
}

export function command(text) {
  const code = tag('code', {}, text);
  const copy = async () => {
    await navigator.clipboard.writeText(code.textContent);
    document.getElementById('said').textContent = 'Copied.';
  };
  return tag('div.cmd', {}, code, navigator.clipboard ? tag('button', {type: 'button', onclick: copy}, 'Copy') : null);
}

export const tile = (name, value, meaning) => tag('div.tile', {}, tag('dt', {}, name), tag('dd.big', {}, value), tag('dd.say', {}, meaning));
