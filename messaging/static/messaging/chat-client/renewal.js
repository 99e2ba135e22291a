/**
 * Keeps an open socket in fresh tokens. Where it fails the server ends the connection, and we come back with a token.
 */

import { makeId } from './text.js';

// The next token is fetched when this part of the present one's life is left, at most this long before its end.
const RENEW_AT = 0.2;
const RENEW_MARGIN_MS = 60_000;
const RETRY_MS = 10_000;
const MIN_WAIT_MS = 1_000;
// `setTimeout` takes no longer delay.
const MAX_WAIT_MS = 2 ** 31 - 1;

export class Renewal {
  #rest;
  #send;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer;
  /** The `token.refresh` under way. */
  #id = '';
  /** The server's clock minus ours, in milliseconds. */
  #skew = 0;

  /** @param {import('./rest.js').Rest} rest @param {(frame: object) => void} send */
  constructor(rest, send) {
    this.#rest = rest;
    this.#send = send;
  }

  /** A connection has begun. @param {{at: string, token_expires_at: string}} ready */
  start(ready) {
    this.#skew = Date.parse(ready.at) - Date.now() || 0;
    this.#plan(ready.token_expires_at);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#id = '';
  }

  /** Take an answer if it is ours. @param {any} answer @returns {boolean} */
  take(answer) {
    if (answer.id !== this.#id) return false;
    if (answer.type === 'ack') this.#plan(answer.expires_at);
    else if (answer.retry) this.#again((answer.retry_after ?? 0) * 1000 || RETRY_MS);
    return true;
  }

  /** @param {string} expiresAt */
  #plan(expiresAt) {
    const left = Date.parse(expiresAt) - (Date.now() + this.#skew);
    if (Number.isNaN(left)) return;
    this.#again(left - Math.min(RENEW_MARGIN_MS, left * RENEW_AT));
  }

  /** @param {number} wait milliseconds */
  #again(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#renew(), Math.min(Math.max(wait, MIN_WAIT_MS), MAX_WAIT_MS));
  }

  async #renew() {
    const timer = this.#timer;
    const failed = await this.#rest.renew().then(
      () => false,
      () => true,
    );
    // The connection this was for may be gone by now.
    if (timer !== this.#timer) return;
    if (failed) {
      this.#again(RETRY_MS);
      return;
    }
    this.#id = makeId();
    this.#send({ type: 'token.refresh', id: this.#id, token: this.#rest.access });
  }
}
