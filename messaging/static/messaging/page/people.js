/**
 * Who people are and whether they are here. No DOM and no network.
 */

// As many as fit on one page of the API; the next rendering asks for the others.
const NAMES_AT_ONCE = 50;
const SOMEBODY = 'Somebody';

/** @typedef {{id: any, username?: string, display_name?: string}} Person */
/** @typedef {{online: boolean, last_seen_at: string|null}} Presence */

export class People {
  /** Is another object after something was learned. */
  version = {};
  /** @type {Map<any, Person>} */
  #known = new Map();
  /** People whose name is wanted. @type {Set<any>} */
  #wanted = new Set();
  /** People whose name was asked for. @type {Set<any>} */
  #asked = new Set();
  /** @type {Map<any, Presence>} */
  #presence = new Map();

  clear() {
    [this.#known, this.#wanted, this.#asked, this.#presence].forEach((kept) => kept.clear());
    this.version = {};
  }

  /** @param {any} id */
  nameOf(id) {
    const person = this.#known.get(id);
    if (!person && id !== null && id !== undefined) this.#wanted.add(id);
    return person?.display_name || person?.username || SOMEBODY;
  }

  /** @param {any} id */
  usernameOf(id) {
    return this.#known.get(id)?.username ?? '';
  }

  /** @param {Person[]} people */
  learn(people) {
    for (const person of people) {
      const known = this.#known.get(person.id);
      if (!person.username || (known?.username === person.username && known?.display_name === person.display_name)) continue;
      this.#known.set(person.id, person);
      this.version = {};
    }
  }

  /** Take the ids of some people whose names are wanted; each is given out once. */
  takeNameless() {
    const ids = [...this.#wanted].filter((id) => !this.#known.has(id) && !this.#asked.has(id)).slice(0, NAMES_AT_ONCE);
    ids.forEach((id) => this.#asked.add(id));
    this.#wanted.clear();
    return ids;
  }

  /** These names could not be fetched: ask again when they are needed. @param {any[]} ids */
  unlearn(ids) {
    ids.forEach((id) => this.#asked.delete(id));
  }

  /** @param {any} id @returns {Presence|null} null where it is not known, or not ours to know */
  presenceOf(id) {
    return this.#presence.get(id) ?? null;
  }

  /** @param {{user: any, online: boolean, last_seen_at: string|null}} signal */
  meet({ user, online, last_seen_at }) {
    this.#presence.set(user, { online, last_seen_at });
  }

  /** Without a connection nobody knows who is here. */
  forgetPresence() {
    this.#presence.clear();
  }
}
