/**
 * Commands that are no writes and wait for their answer: asked once, on one connection.
 */

import { ApiError } from './rest.js';
import { makeId } from './text.js';

/** @typedef {{resolve: (ack: any) => void, reject: (error: ApiError) => void, askedAt: number}} Waiter */

export class Questions {
  /** @type {Map<string, Waiter>} */
  #waiters = new Map();

  /**
   * @param {(frame: any) => void} send
   * @param {{type: string, [field: string]: any}} question
   * @returns {Promise<any>} the ack; rejects with an ApiError
   */
  ask(send, question) {
    const id = makeId();
    return new Promise((resolve, reject) => {
      this.#waiters.set(id, { resolve, reject, askedAt: Date.now() });
      send({ ...question, id });
    });
  }

  /** Take an answer if it is to one of ours. @param {any} answer @returns {boolean} */
  take(answer) {
    const waiter = this.#waiters.get(answer.id);
    if (!waiter) return false;
    this.#waiters.delete(answer.id);
    if (answer.type === 'ack') waiter.resolve(answer);
    else waiter.reject(new ApiError({ ...answer, retryAfter: answer.retry_after }));
    return true;
  }

  /** Nobody will answer any more. */
  abandon() {
    for (const { reject } of this.#waiters.values()) reject(unreachable());
    this.#waiters.clear();
  }

  /** Tell whether one has been open since before `time`. @param {number} time */
  hasUnansweredSince(time) {
    return [...this.#waiters.values()].some(({ askedAt }) => askedAt < time);
  }
}

/** There is no connection to ask over. */
export function unreachable() {
  return new ApiError({ status: 0, code: 'unreachable', retry: true });
}
