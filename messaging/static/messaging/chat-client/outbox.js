/**
 * Writes without a final answer, in the order they were made. No I/O and no clock of its own.
 */

// Far more than a person types while offline; a bound so that a runaway caller cannot fill the memory.
const MAX_WRITES = 200;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;

/** @typedef {{type: string, id: string, chat: number, [field: string]: any}} Command */
/** @typedef {{command: Command, isStored: boolean, sentAt: number|null, notBefore: number, tries: number}} Entry
 *   `isStored`: it outlives this tab, so it may be sent */

export class Outbox {
  /** @type {Map<string, Entry>} `Map` keeps the order of insertion, which is the order of sending. */
  #entries = new Map();

  /** @returns {Command[]} */
  get commands() {
    return [...this.#entries.values()].map((entry) => entry.command);
  }

  /** Those that outlive this tab. */
  get stored() {
    return [...this.#entries.values()].filter((entry) => entry.isStored).map((entry) => entry.command);
  }

  /** Whether no more writes are to be made. */
  get isFull() {
    return this.#entries.size >= MAX_WRITES;
  }

  /**
   * Keep a write; one that is there stays as it is.
   * @param {Command} command
   * @param {{isStored: boolean}} how
   * @returns {boolean} whether it is another one
   */
  add(command, { isStored }) {
    const known = this.#entries.get(keyOf(command));
    if (known) known.isStored ||= isStored;
    else this.#entries.set(keyOf(command), { command, isStored, sentAt: null, notBefore: 0, tries: 0 });
    return !known;
  }

  /** Put these writes before all others, in this order: they are older. @param {Command[]} commands */
  prepend(commands) {
    const rest = this.#entries;
    this.#entries = new Map();
    for (const command of commands) {
      const known = rest.get(keyOf(command));
      if (known) this.#entries.set(keyOf(command), known);
      this.add(command, { isStored: true });
    }
    for (const [key, entry] of rest) if (!this.#entries.has(key)) this.#entries.set(key, entry);
  }

  /**
   * @param {number} chat
   * @param {string} id
   */
  find(chat, id) {
    return this.#entries.get(keyOf({ chat, id }));
  }

  /** @param {{chat: number, id: string}} command */
  remove(command) {
    this.#entries.delete(keyOf(command));
  }

  clear() {
    this.#entries.clear();
  }

  /** A new connection: whatever was in flight on the old one is sent again, with the same id. */
  recall() {
    for (const entry of this.#entries.values()) entry.sentAt = null;
  }

  /**
   * Keep a write in its place to be sent again later.
   * @param {Entry} entry
   * @param {number} now
   * @param {number|undefined} retryAfter seconds
   */
  defer(entry, now, retryAfter) {
    const wait = Math.random() * Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** entry.tries);
    entry.tries += 1;
    entry.sentAt = null;
    entry.notBefore = now + (retryAfter === undefined ? wait : retryAfter * 1000);
  }

  /**
   * Take what may be sent now: the first write of each chat, unless it is in flight, at most `room` in all.
   * @param {number} now
   * @param {number} room
   * @returns {{send: Command[], wakeIn: number|null}} `wakeIn`: milliseconds until a deferred write is due
   */
  take(now, room) {
    /** @type {Set<number>} */
    const seen = new Set();
    /** @type {Command[]} */
    const send = [];
    let free = room - [...this.#entries.values()].filter((entry) => entry.sentAt !== null).length;
    let wakeIn = null;
    for (const entry of this.#entries.values()) {
      if (seen.has(entry.command.chat)) continue;
      seen.add(entry.command.chat);
      if (entry.sentAt !== null || !entry.isStored) continue;
      if (entry.notBefore > now) wakeIn = Math.min(wakeIn ?? Infinity, entry.notBefore - now);
      else if (free > 0) {
        free -= 1;
        entry.sentAt = now;
        send.push(entry.command);
      }
    }
    return { send, wakeIn };
  }

  /**
   * Tell whether a write has been in flight since before `time`.
   * @param {number} time
   */
  hasUnansweredSince(time) {
    return [...this.#entries.values()].some((entry) => entry.sentAt !== null && entry.sentAt < time);
  }
}

/** @param {{chat: number, id: string}} command */
function keyOf({ chat, id }) {
  return `${chat} ${id}`;
}
