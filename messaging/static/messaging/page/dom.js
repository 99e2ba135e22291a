/**
 * The few things the page does with the DOM. Text goes in as text, never as markup.
 */

/** @param {string} id @returns {any} */
export function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`no element #${id}`);
  return node;
}

/**
 * Make an element.
 * @param {string} tag
 * @param {Record<string, string|boolean|((event: Event) => void)|null|undefined>} [properties] `on…` is a listener,
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
  node.append(...children.filter((child) => child !== null));
  return node;
}

/**
 * Change a text only where it differs, so that a live region speaks only of news.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @type {WeakMap<Element, {item: any, version: any}>} What each kept node shows. */
const shown = new WeakMap();

/**
 * Make the children of `parent` show `items`, keeping the nodes of those that are there already.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {{key: (item: T) => string, create: () => HTMLElement, update: (node: HTMLElement, item: T) => void,
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
    const node = kept.get(key(item)) ?? create();
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

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

/** Say when, in as few words as will do. @param {string} at */
export function timeOf(at) {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return { short: '', full: '' };
  const today = date.toDateString() === new Date().toDateString();
  const full = `${DAY.format(date)}, ${CLOCK.format(date)}`;
  return { short: today ? CLOCK.format(date) : DAY.format(date), full: today ? CLOCK.format(date) : full };
}
