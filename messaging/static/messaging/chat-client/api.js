/**
 * The calls of the REST API that a chat page needs, as one user.
 */

import { makeId } from './text.js';

export class Api {
  #rest;

  /** @param {import('./rest.js').Rest} rest */
  constructor(rest) {
    this.#rest = rest;
  }

  /**
   * Any call.
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @returns {Promise<any>} the answer, null where it has no body; rejects with an ApiError
   */
  call(method, path, body) {
    return this.#rest.call(method, path, body);
  }

  me() {
    return this.#rest.call('GET', '/api/users/me/');
  }

  /** One page of the chats, newest activity first. @param {string} [next] the `next` of the page before */
  chats(next = '/api/chats/?limit=100') {
    // `next` may carry the name the server has for itself; we stay with the one we know it by.
    const { pathname, search } = new URL(next, 'http://any');
    return this.#rest.call('GET', pathname + search);
  }

  /** @param {number} chat */
  chat(chat) {
    return this.#rest.call('GET', `/api/chats/${chat}/`);
  }

  /**
   * @param {{kind: 'private'|'group', members: any[], title?: string}} chat
   * @param {string} [id] the same for every try, so that a lost answer makes no second group
   */
  createChat(chat, id = makeId()) {
    return this.#rest.call('POST', '/api/chats/', { ...chat, id });
  }

  /** Folded messages, newest first. @param {number} chat @param {{before?: number, limit?: number}} [range] */
  history(chat, { before, limit = 50 } = {}) {
    const query = new URLSearchParams({ limit: String(limit) });
    if (before !== undefined) query.set('before', String(before));
    return this.#rest.call('GET', `/api/chats/${chat}/messages/?${query}`);
  }

  /** Say that everything up to `seq` was read. @param {number} chat @param {number} seq */
  markRead(chat, seq) {
    return this.#rest.call('PUT', `/api/chats/${chat}/read/`, { seq });
  }

  /** People one can write to, by id. @param {string} search @param {any} [after] the id of the last one seen */
  findPeople(search, after = 0) {
    return this.#rest.call('GET', `/api/users/?${new URLSearchParams({ search, after: String(after), limit: '100' })}`);
  }

  /** People one shares a chat with. @param {any[]} ids */
  people(ids) {
    return this.#rest.call('GET', `/api/users/?${new URLSearchParams({ ids: ids.join(',') })}`);
  }
}
