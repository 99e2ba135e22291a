/**
 * What is said in passing: to the screen reader alone, or in words that stand on the page for a while.
 */

import { byId, setText } from './dom.js';

const SHOWN_MS = 6_000;
// Long enough to be heard, short enough to be listened to.
const ANNOUNCED_CHARACTERS = 200;

export class Announcer {
  #spoken = byId('announcer');
  #toast = byId('toast');
  #timer = 0;

  /** Say it to the screen reader. @param {string} words */
  say(words) {
    const spoken = words.slice(0, ANNOUNCED_CHARACTERS);
    // The same words once more are news, which only a change is spoken for.
    setText(this.#spoken, this.#spoken.textContent === spoken ? `${spoken}\u00a0` : spoken);
  }

  /** Say it to everybody. @param {string} words */
  show(words) {
    clearTimeout(this.#timer);
    setText(this.#toast, words);
    this.#timer = setTimeout(() => setText(this.#toast, ''), SHOWN_MS);
  }
}
