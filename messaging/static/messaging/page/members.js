/**
 * Who is in a chat, with which role, and how far each has read.
 */

/** @typedef {{id: any, role: string, username?: string, display_name?: string}} Member */

const EDITORS = new Set(['owner', 'admin']);

export class Members {
  /** @type {Map<number, Map<any, Member>>} Only of chats whose members were read. */
  #lists = new Map();
  /** @type {Map<number, Map<any, number>>} chat → user → the seq read up to */
  #reads = new Map();
  /** @type {Set<number>} Chats whose list is to be read anew: read marks are not told again after a pause. */
  #stale = new Set();

  clear() {
    this.#lists.clear();
    this.#reads.clear();
    this.#stale.clear();
  }

  /** A connection begins: what is known serves until it was read anew. */
  expire() {
    this.#stale = new Set(this.#lists.keys());
  }

  /** @param {number} chat */
  forget(chat) {
    this.#lists.delete(chat);
    this.#reads.delete(chat);
    this.#stale.delete(chat);
  }

  /** Tell whether the list of a chat need not be read. @param {number} chat */
  isKnown(chat) {
    return this.#lists.has(chat) && !this.#stale.has(chat);
  }

  /** @param {number} chat @returns {Member[]} */
  of(chat) {
    return [...(this.#lists.get(chat)?.values() ?? [])];
  }

  /** @param {number} chat @param {any} user @returns {string|null} */
  roleOf(chat, user) {
    return this.#lists.get(chat)?.get(user)?.role ?? null;
  }

  /** Tell whether a user may change title and members. @param {number} chat @param {any} user */
  mayEdit(chat, user) {
    return EDITORS.has(this.roleOf(chat, user) ?? '');
  }

  /** @param {number} chat @param {any[]} members as the API lists them, all of them */
  learn(chat, members) {
    const list = new Map(members.map((member) => [member.id, member]));
    this.#lists.set(chat, list);
    this.#stale.delete(chat);
    for (const user of this.#reads.get(chat)?.keys() ?? []) if (!list.has(user)) this.#reads.get(chat)?.delete(user);
    members.forEach(({ id, read_seq: seq }) => seq !== null && seq !== undefined && this.read(chat, id, seq));
  }

  /** @param {any} event */
  apply(event) {
    const list = this.#lists.get(event.chat);
    if (event.type === 'message.created' && this.#reads.get(event.chat)?.has(event.sender)) {
      // Sending moves the sender's own marker.
      this.read(event.chat, event.sender, event.seq);
    }
    if (!list) return;
    if (event.type === 'member.added') list.set(event.user, { id: event.user, role: event.role ?? 'member' });
    if (event.type === 'member.removed') {
      list.delete(event.user);
      this.#reads.get(event.chat)?.delete(event.user);
    }
    if (event.type === 'member.role' && list.has(event.user)) list.set(event.user, { id: event.user, role: event.role });
  }

  /** @param {number} chat @param {any} user @param {number} seq */
  read(chat, user, seq) {
    const reads = this.#reads.get(chat) ?? new Map();
    this.#reads.set(chat, reads);
    reads.set(user, Math.max(seq, reads.get(user) ?? 0));
  }

  /**
   * Count who else has read up to a message.
   * @param {number} chat @param {number} seq @param {any} me
   * @returns {{read: number, others: number}} `others`: of how many that is known
   */
  readersOf(chat, seq, me) {
    const others = [...(this.#reads.get(chat)?.entries() ?? [])].filter(([user]) => user !== me);
    return { read: others.filter(([, upTo]) => upTo >= seq).length, others: others.length };
  }
}
