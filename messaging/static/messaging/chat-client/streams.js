/**
 * The client's place in the stream of each chat: what was applied, and what may come next. No I/O.
 */

/** @typedef {{chat: number, head: number, from: number, read: number, unread: number, reset?: boolean}} ReadyChat */

/** The cursors of one user, with the epoch they were read under. */
export class Streams {
  /** @type {string|null} */
  #epoch = null;
  /** @type {Map<number, number>} chat → the last seq applied */
  #places = new Map();
  /** @type {Set<number>} chats whose stream is open on this connection */
  #open = new Set();

  /** What `hello` says about the past: both fields or neither. */
  resume() {
    return this.#epoch === null ? {} : { resume: Object.fromEntries(this.#places), epoch: this.#epoch };
  }

  /** Start without a past: the next `ready` resets every chat. */
  forget() {
    this.#epoch = null;
    this.#places.clear();
    this.#open.clear();
  }

  /**
   * Take the chats of a `ready`.
   * @param {string} epoch
   * @param {ReadyChat[]} chats
   * @returns {{dropped: number[], reset: number[]}} chats we are in no more; chats to be forgotten and read anew
   */
  begin(epoch, chats) {
    const listed = new Set(chats.map((chat) => chat.chat));
    const dropped = [...this.#places.keys()].filter((chat) => !listed.has(chat));
    dropped.forEach((chat) => this.#places.delete(chat));
    const isOther = this.#epoch !== null && this.#epoch !== epoch;
    const reset = chats.filter(({ chat, from, reset: told }) => told || isOther || from > this.place(chat) + 1);
    // A chat without a hole stays where it is: another tab may have asked on behalf of one that was behind.
    reset.forEach(({ chat, from }) => this.#places.set(chat, from - 1));
    chats.forEach(({ chat }) => this.#places.set(chat, this.place(chat)));
    this.#open = listed;
    this.#epoch = epoch;
    return { dropped, reset: reset.map((chat) => chat.chat) };
  }

  /**
   * Open a stream in the middle of a connection; what was kept of the chat is void.
   * @param {number} chat
   * @param {number} from
   */
  join(chat, from) {
    this.#places.set(chat, from - 1);
    this.#open.add(chat);
  }

  /** @param {number} chat */
  leave(chat) {
    this.#places.delete(chat);
    this.#open.delete(chat);
  }

  /** The last seq applied, 0 for none. @param {number} chat */
  place(chat) {
    return this.#places.get(chat) ?? 0;
  }

  /** @param {number} chat */
  has(chat) {
    return this.#open.has(chat);
  }

  /**
   * Say what `seq` is to us.
   * @param {number} chat
   * @param {number} seq
   * @returns {'next'|'old'|'hole'} `hole` breaks the contract of the stream, as does anything of a chat without one
   */
  judge(chat, seq) {
    if (!this.#open.has(chat)) return 'hole';
    const expected = this.place(chat) + 1;
    if (seq === expected) return 'next';
    return seq < expected ? 'old' : 'hole';
  }

  /**
   * @param {number} chat
   * @param {number} seq
   */
  advance(chat, seq) {
    this.#places.set(chat, seq);
  }
}
