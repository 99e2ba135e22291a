/**
 * The pill that tells the state of the one socket, with what one can do about it.
 */

import { byId, setText } from './dom.js';
import { stateWords } from './words.js';

const TICK_MS = 250;

/** @typedef {import('../chat-client/connection.js').State} State */

export class SocketStateView {
  #pill = byId('socket-state');
  #words = byId('socket-words');
  #countdown = byId('socket-countdown');
  #action = byId('socket-action');
  /** @type {ReturnType<typeof setInterval>|undefined} */
  #timer;

  /** @param {() => void} onAction */
  constructor(onAction) {
    this.#action.addEventListener('click', onAction);
  }

  /** @param {State} state */
  show(state) {
    const { words, countdown, action } = stateWords(state);
    this.#pill.dataset.state = state.state;
    this.#pill.dataset.reason = state.reason ?? '';
    setText(this.#words, words);
    setText(this.#action, action);
    this.#action.hidden = action === '';
    clearInterval(this.#timer);
    const count = () => {
      const left = Math.max(0, Math.ceil(((state.until ?? 0) - Date.now()) / 1000));
      setText(this.#countdown, countdown && `${countdown} ${left} s`);
    };
    count();
    if (countdown) this.#timer = setInterval(count, TICK_MS);
  }
}
