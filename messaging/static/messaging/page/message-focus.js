/**
 * Which message one is at, by pointer, finger or keyboard: there are the tools, and there goes the Tab key.
 */

import { MessageTools } from './message-tools.js';

/** @typedef {import('./layout.js').Row} Row */

export class MessageFocus {
  #list;
  #tools;
  /** @type {Map<string, Row>} */
  #rows = new Map();
  /** The key of the message that the Tab key comes to; empty: the last one. */
  #current = '';

  /**
   * @param {HTMLElement} list
   * @param {import('./message-tools.js').ToolActions} actions
   * @param {(item: any) => boolean} mayRemove
   */
  constructor(list, actions, mayRemove) {
    this.#list = list;
    const isOwn = (/** @type {Row} */ row) => row.status !== null;
    this.#tools = new MessageTools(actions, { mayEdit: isOwn, mayRemove: (row) => isOwn(row) || mayRemove(row.item) });
    list.addEventListener('pointerover', (event) => event.pointerType === 'mouse' && this.#showTools(event.target));
    list.addEventListener('pointerleave', () => !this.#tools.holdsFocus && this.#tools.hide());
    list.addEventListener('click', (event) => this.#showTools(event.target));
    list.addEventListener('focusin', (event) => this.#focused(event.target));
    list.addEventListener('focusout', (event) => {
      if (!list.contains(/** @type {Node|null} */ (event.relatedTarget))) this.#tools.hide();
    });
    list.addEventListener('keydown', (event) => this.#key(event));
  }

  clear() {
    this.#current = '';
    this.#tools.hide();
  }

  /** @param {Row[]} rows what the list shows */
  setRows(rows) {
    this.#rows = new Map(rows.map((row) => [row.key, row]));
    const current = this.#messages.find((node) => node.dataset.key === this.#current) ?? this.#messages.at(-1);
    for (const node of this.#messages) node.tabIndex = node === current ? 0 : -1;
  }

  get #messages() {
    return /** @type {HTMLElement[]} */ ([...this.#list.querySelectorAll(':scope > .message')]);
  }

  /** @param {EventTarget|null} target */
  #showTools(target) {
    const node = /** @type {HTMLElement|null} */ (/** @type {Element} */ (target).closest('.message'));
    const row = node && this.#rows.get(node.dataset.key ?? '');
    // What is not numbered yet, or deleted, can only be looked at.
    if (!row || row.item.seq === undefined || row.item.deleted) this.#tools.hide();
    else this.#tools.show(node, row);
  }

  /** @param {EventTarget|null} target */
  #focused(target) {
    const node = /** @type {HTMLElement|null} */ (/** @type {Element} */ (target).closest('.message'));
    if (!node) return;
    this.#current = node.dataset.key ?? '';
    for (const each of this.#messages) each.tabIndex = each === node ? 0 : -1;
    this.#showTools(node);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (!target.matches('.message')) return;
    const nodes = this.#messages;
    const place = nodes.indexOf(target);
    const next = { ArrowUp: place - 1, ArrowDown: place + 1, Home: 0, End: nodes.length - 1 }[event.key];
    if (next !== undefined) nodes[next]?.focus();
    else if (event.key === 'Enter') {
      // They are gone once something was done with the message.
      this.#showTools(target);
      this.#tools.focus();
    } else return;
    event.preventDefault();
  }
}
