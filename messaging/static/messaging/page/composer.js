/**
 * Where messages are written: Enter sends, Shift+Enter makes a new line, and each chat keeps its draft.
 */

import { cleanText, lengthOf } from '../chat-client.js';
import { byId, setText } from './dom.js';
import { errorWords } from './words.js';

const MAX_CHARACTERS = 4000;
// From here on the length is shown.
const SHOW_LENGTH_FROM = 3600;

export class ComposerView {
  #form = byId('composer');
  /** @type {HTMLTextAreaElement} */
  #field = this.#form.querySelector('textarea');
  #note = byId('composer-note');
  /** @type {Map<number, string>} */
  #drafts = new Map();
  /** @type {number|null} */
  #chat = null;
  #onSend;

  /** @param {(chat: number, text: string) => void} onSend */
  constructor(onSend) {
    this.#onSend = onSend;
    this.#form.addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#send();
    });
    this.#field.addEventListener('keydown', (event) => {
      // The Enter that ends a composition (Japanese, Chinese) is not ours.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#send();
    });
    this.#field.addEventListener('input', () => this.#showLength());
  }

  /** @param {number|null} chat */
  open(chat) {
    if (chat === this.#chat) return;
    if (this.#chat !== null) this.#drafts.set(this.#chat, this.#field.value);
    this.#chat = chat;
    this.#field.value = chat === null ? '' : (this.#drafts.get(chat) ?? '');
    this.#showLength();
    // On a phone the focus would bring up the keyboard over the messages.
    if (chat !== null && matchMedia('(pointer: fine)').matches) this.#field.focus();
  }

  forgetDrafts() {
    this.open(null);
    this.#drafts.clear();
  }

  #send() {
    const text = cleanText(this.#field.value);
    if (this.#chat === null || text === '') return;
    if (lengthOf(text) > MAX_CHARACTERS) {
      this.#showLength();
      return;
    }
    try {
      this.#onSend(this.#chat, text);
      this.#field.value = '';
      this.#showLength();
    } catch (error) {
      setText(this.#note, errorWords(error));
    }
  }

  #showLength() {
    const length = lengthOf(cleanText(this.#field.value));
    const surplus = length - MAX_CHARACTERS;
    this.#field.setAttribute('aria-invalid', String(surplus > 0));
    if (surplus > 0) setText(this.#note, `Too long by ${surplus} ${surplus === 1 ? 'character' : 'characters'}.`);
    else setText(this.#note, length >= SHOW_LENGTH_FROM ? `${MAX_CHARACTERS - length} characters left.` : '');
  }
}
