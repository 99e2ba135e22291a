/**
 * The few things the page does with the DOM. Text goes in as text, never as markup.
 */

const SVG = 'http://www.w3.org/2000/svg';

/** @param {string} id @returns {any} */
export function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`no element #${id}`);
  return node;
}

/**
 * Make an element.
 * @param {string} tag
 * @param {Record<string, string|boolean|((event: any) => void)|null|undefined>} [properties] `on…` is a listener,
 *   false, null and undefined leave an attribute out
 * @param {...(Node|string|null)} children
 */
export function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, '');
    else if (typeof value === 'string') node.setAttribute(name, value);
  }
  node.append(.../** @type {(Node|string)[]} */ (children.filter((child) => child !== null)));
  return node;
}

/** One of the icons that the document defines; it says nothing by itself. @param {string} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#icon-${name}`);
  svg.append(use);
  return svg;
}

/**
 * A button that shows an icon; `label` is its name, and what it says under the pointer.
 * @param {string} name
 * @param {string} label
 * @param {(event: MouseEvent) => void} onclick
 * @param {Record<string, string>} [more] attributes
 */
export function iconButton(name, label, onclick, more = {}) {
  return make('button', { type: 'button', class: 'icon-button', 'aria-label': label, title: label, onclick, ...more }, icon(name));
}

/**
 * Change a text only where it differs, so that a live region speaks only of news.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Set an attribute, or take it off where there is no value.
 * @param {Element} node
 * @param {string} name
 * @param {string|null} value
 */
export function setAttribute(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** @type {WeakMap<Element, {item: any, version: any}>} What each kept node shows. */
const shown = new WeakMap();

/**
 * Make the children of `parent` show `items`, keeping the nodes of those that are there already.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {{key: (item: T) => string, create: (item: T) => HTMLElement, update: (node: HTMLElement, item: T) => void,
 *          version?: any}} how  `update` runs for an item or a version that is another object than before
 */
export function reconcile(parent, items, { key, create, update, version = null }) {
  const focused = document.activeElement;
  const keys = new Set(items.map(key));
  const kept = new Map();
  for (const node of /** @type {HTMLElement[]} */ ([...parent.children])) {
    if (keys.has(node.dataset.key ?? '')) kept.set(node.dataset.key, node);
    else node.remove();
  }
  let place = parent.firstElementChild;
  for (const item of items) {
    const node = kept.get(key(item)) ?? create(item);
    const before = shown.get(node);
    if (before?.item !== item || before?.version !== version) {
      node.dataset.key = key(item);
      update(node, item);
      shown.set(node, { item, version });
    }
    if (node === place) place = node.nextElementSibling;
    else parent.insertBefore(node, place);
  }
  // A node that was moved has lost the focus.
  if (focused instanceof HTMLElement && focused !== document.activeElement && parent.contains(focused)) {
    focused.focus({ preventScroll: true });
  }
}
