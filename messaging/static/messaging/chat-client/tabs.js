/**
 * The tabs of one user in one browser: which of them leads, and what they say to each other.
 *
 * Whoever holds the lock leads. The browser gives it to the next in line when a tab closes, reloads or crashes.
 */

import { makeId } from './text.js';

/** @typedef {{from: string, to?: string, kind: string, [field: string]: any}} Message */

export class Tabs {
  /** This tab, among the others. */
  id = makeId();
  leads = false;
  #name;
  #onLead;
  #onFollow;
  #onMessage;
  /** @type {BroadcastChannel|null} */
  #channel = null;
  /** @type {() => void} Gives the lock back, or takes back that we wait for it. */
  #release = () => {};

  /**
   * @param {{name: string, onLead: () => void, onFollow: () => void, onMessage: (message: Message) => void}} options
   *   `onFollow`: another tab has taken the lead, because this one did not answer
   */
  constructor({ name, onLead, onFollow, onMessage }) {
    this.#name = name;
    this.#onLead = onLead;
    this.#onFollow = onFollow;
    this.#onMessage = onMessage;
  }

  /** Whether tabs can be told of each other here: not over plain http from another machine, and not in Node. */
  static get isPossible() {
    return Boolean(globalThis.navigator?.locks && globalThis.BroadcastChannel && globalThis.indexedDB);
  }

  /** Join the others; whoever is alone leads at once. @param {{share: boolean}} how */
  join({ share }) {
    if (share) {
      this.#channel = new BroadcastChannel(this.#name);
      this.#channel.onmessage = ({ data }) => this.#heard(data);
      this.#wait();
    } else this.#lead();
  }

  /** Give up the lead, or the wait for it. */
  leave() {
    this.leads = false;
    this.#channel?.close();
    this.#channel = null;
    this.#release();
  }

  /** Tell the others, or one of them. @param {{kind: string, to?: string, [field: string]: any}} message */
  post(message) {
    this.#channel?.postMessage({ ...message, from: this.id });
  }

  /** Take the lead from a tab that does not answer. */
  steal() {
    if (this.leads || !this.#channel) return;
    this.#release();
    this.#hold({ steal: true });
  }

  #wait() {
    const waiting = new AbortController();
    this.#hold({ signal: waiting.signal });
    this.#release = () => waiting.abort();
  }

  /** @param {LockOptions} options */
  #hold(options) {
    const channel = this.#channel;
    const held = () => {
      // Left, or left and joined again, while the browser was about to give us the lock.
      if (channel !== this.#channel) return null;
      return new Promise((resolve) => {
        this.#release = () => resolve(null);
        this.#lead();
      });
    };
    // It fails when the wait was given up, which is ours to do, and when the lock was taken from us.
    navigator.locks.request(this.#name, options, held).catch(() => {
      if (!this.leads || channel !== this.#channel) return;
      this.leads = false;
      this.#wait();
      this.#onFollow();
    });
  }

  #lead() {
    this.leads = true;
    this.#onLead();
  }

  /** @param {Message} message */
  #heard(message) {
    if (message.to === undefined || message.to === this.id) this.#onMessage(message);
  }
}
