/**
 * Names to choose from while one types “@”: a list that the text field has below its cursor, for eye and screen reader.
 */

import { avatar } from './avatar.js';
import { byId, make, setAttribute } from './dom.js';

const MOST = 6;
// What stands before the cursor when a name is begun.
const BEGUN = /(?:^|[^\p{L}\p{N}_.@+-])@([\p{L}\p{N}_.+-]{0,150})$/u;

/** @typedef {{id: any, username: string, name: string}} Candidate */

export class MentionBox {
  #box = byId('mention-box');
  #field;
  #candidates;
  /** @type {Candidate[]} */
  #found = [];
  #chosen = 0;

  /** @param {HTMLTextAreaElement} field @param {() => Candidate[]} candidates whom one can name here */
  constructor(field, candidates) {
    this.#field = field;
    this.#candidates = candidates;
    field.addEventListener('input', () => this.#look());
    field.addEventListener('click', () => this.#look());
    field.addEventListener('blur', () => this.close());
    // The field keeps the focus while one chooses.
    this.#box.addEventListener('pointerdown', (/** @type {Event} */ event) => event.preventDefault());
  }

  get isOpen() {
    return this.#found.length > 0;
  }

  close() {
    this.#found = [];
    this.#render();
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether it was meant for the list */
  takes(event) {
    if (!this.isOpen) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      this.#chosen = (this.#chosen + step + this.#found.length) % this.#found.length;
      this.#render();
    } else if (event.key === 'Enter' || event.key === 'Tab') this.#take(this.#found[this.#chosen]);
    else if (event.key === 'Escape') this.close();
    else return false;
    return true;
  }

  #look() {
    const { selectionStart, selectionEnd, value } = this.#field;
    const begun = selectionStart === selectionEnd && BEGUN.exec(value.slice(0, selectionStart));
    const wanted = begun ? begun[1].toLocaleLowerCase() : null;
    this.#found = wanted === null ? [] : this.#candidates().filter((each) => isMeant(each, wanted)).slice(0, MOST);
    this.#chosen = 0;
    this.#render();
  }

  /** @param {Candidate} candidate */
  #take({ username }) {
    const { selectionStart, value } = this.#field;
    const start = value.lastIndexOf('@', selectionStart - 1);
    this.#field.setRangeText(`@${username} `, start, selectionStart, 'end');
    this.close();
    this.#field.dispatchEvent(new Event('input', { bubbles: true }));
  }

  #render() {
    this.#box.hidden = !this.isOpen;
    this.#box.replaceChildren(
      ...this.#found.map((each, index) =>
        make(
          'li',
          { id: `mention-${index}`, role: 'option', 'aria-selected': String(index === this.#chosen), onclick: () => this.#take(each) },
          avatar(each.name, each.id),
          make('span', { dir: 'auto' }, each.name),
          make('span', { class: 'muted' }, `@${each.username}`),
        ),
      ),
    );
    setAttribute(this.#field, 'aria-activedescendant', this.isOpen ? `mention-${this.#chosen}` : null);
  }
}

/** @param {Candidate} candidate @param {string} wanted */
function isMeant({ username, name }, wanted) {
  return username.toLocaleLowerCase().startsWith(wanted) || name.toLocaleLowerCase().startsWith(wanted);
}
