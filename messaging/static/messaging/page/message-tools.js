/**
 * What can be done with a message: one bar, which goes to the message under the pointer or in focus.
 */

import { iconButton, make } from './dom.js';

const EMOJI = ['👍', '❤️', '😂', '🎉', '😮', '🙏'];
/** @type {Record<string, string>} What a screen reader says of them. */
const EMOJI_NAMES = { '👍': 'thumbs up', '❤️': 'heart', '😂': 'laughing', '🎉': 'party', '😮': 'surprised', '🙏': 'thank you' };

/** @typedef {import('./layout.js').Row} Row */
/**
 * @typedef {object} ToolActions
 * @property {(row: Row) => void} reply
 * @property {(row: Row) => void} edit
 * @property {(row: Row) => void} remove
 * @property {(row: Row) => void} copy
 * @property {(seq: number, emoji: string, on: boolean) => void} react
 */

export class MessageTools {
  #bar = make('div', { class: 'tools', role: 'group', 'aria-label': 'Message' });
  #emoji = make('span', { class: 'tools-emoji', role: 'group', 'aria-label': 'Reactions', hidden: true });
  #react;
  #edit;
  #remove;
  /** @type {Row|null} */
  #row = null;
  #actions;
  #rules;

  /** @param {ToolActions} actions @param {{mayEdit: (row: Row) => boolean, mayRemove: (row: Row) => boolean}} rules */
  constructor(actions, rules) {
    this.#actions = actions;
    this.#rules = rules;
    this.#react = iconButton('smile', 'React', () => this.#toggleEmoji(), { 'aria-expanded': 'false' });
    this.#edit = iconButton('pencil', 'Edit', () => this.#do(actions.edit));
    this.#remove = iconButton('trash', 'Delete', () => this.#do(actions.remove));
    for (const emoji of EMOJI) {
      const onclick = () => this.#reactWith(emoji);
      this.#emoji.append(make('button', { type: 'button', class: 'icon-button', 'aria-label': EMOJI_NAMES[emoji], title: EMOJI_NAMES[emoji], onclick }, emoji));
    }
    const reply = iconButton('reply', 'Reply', () => this.#do(actions.reply));
    const copy = iconButton('copy', 'Copy text', () => this.#do(actions.copy));
    this.#bar.append(this.#emoji, this.#react, reply, this.#edit, copy, this.#remove);
    this.#bar.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => this.#key(event));
  }

  /** @param {HTMLElement} node the message @param {Row} row */
  show(node, row) {
    if (this.#row === row && this.#message === node) return;
    if (this.#message !== node) {
      this.#hideEmoji();
      node.firstElementChild?.append(this.#bar);
    }
    this.#row = row;
    this.#edit.hidden = !this.#rules.mayEdit(row);
    this.#remove.hidden = !this.#rules.mayRemove(row);
  }

  hide() {
    // With the bar goes the focus in it, of which we hear before it is gone.
    if (!this.#row) return;
    this.#row = null;
    this.#bar.remove();
    this.#hideEmoji();
  }

  /** The message that the bar is at. @returns {HTMLElement|null} */
  get #message() {
    return this.#bar.closest('.message');
  }

  get holdsFocus() {
    return this.#bar.contains(document.activeElement);
  }

  focus() {
    this.#react.focus();
  }

  /** @param {(row: Row) => void} act */
  #do(act) {
    const row = this.#row;
    // First, so that who acts may take the focus on, and gives it back to the message.
    this.#leave();
    if (row) act(row);
  }

  /** Go, and leave the focus with the message. */
  #leave() {
    this.#message?.focus({ preventScroll: true });
    this.hide();
  }

  /** @param {string} emoji */
  #reactWith(emoji) {
    const isOn = this.#row?.item.reactions?.some((/** @type {any} */ each) => each.emoji === emoji && each.mine);
    if (this.#row) this.#actions.react(this.#row.item.seq, emoji, !isOn);
    this.#leave();
  }

  #toggleEmoji() {
    if (!this.#emoji.hidden) {
      this.#hideEmoji();
      return;
    }
    this.#emoji.hidden = false;
    this.#react.setAttribute('aria-expanded', 'true');
    /** @type {HTMLElement} */ (this.#emoji.firstElementChild).focus();
  }

  #hideEmoji() {
    this.#emoji.hidden = true;
    this.#react.setAttribute('aria-expanded', 'false');
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const buttons = /** @type {HTMLElement[]} */ ([...this.#bar.querySelectorAll('button')]).filter((each) => each.offsetParent !== null);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step !== undefined) {
      const place = buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement));
      buttons[(place + step + buttons.length) % buttons.length].focus();
    } else if (event.key === 'Escape') {
      this.#message?.focus({ preventScroll: true });
      this.#hideEmoji();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
