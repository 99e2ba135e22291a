/**
 * The messages of one chat as far as they were read: pages of history below, the stream on top. No DOM.
 */

import { fold } from './folding.js';

// A page may show what an event that comes this soon after it tells once more.
const PAGE_LEADS_MS = 10_000;

/** @typedef {import('./folding.js').Item} Item */

export class History {
  /** @type {'loading'|'ready'|'failed'} */
  status = 'loading';
  /** @type {any} Why the last page did not come. */
  error = null;
  /** It was read without a connection. */
  isOffline = false;
  /** There is more before the oldest one. */
  more = false;
  /** @type {Map<number, Item>} */
  #items = new Map();
  /** @type {Item[]|null} */
  #sorted = null;
  /** @type {any[]} What changed a message while a page was on its way: it may be older than that. */
  #late = [];
  /** @type {Map<number, number>} When the messages of pages were read, in milliseconds. */
  #readAt = new Map();
  #me;
  #onDoubt;

  /**
   * @param {any} me
   * @param {(seq: number) => void} onDoubt the reactions of this message have to be read anew: a page has counts, and
   *   no place in the stream that would tell what they count already
   */
  constructor(me, onDoubt) {
    this.#me = me;
    this.#onDoubt = onDoubt;
  }

  /** @returns {Item[]} oldest first */
  get items() {
    this.#sorted ??= [...this.#items.values()].sort((a, b) => a.seq - b.seq);
    return this.#sorted;
  }

  /** @returns {number|undefined} */
  get oldest() {
    return this.items[0]?.seq;
  }

  /** @param {number} seq */
  get(seq) {
    return this.#items.get(seq);
  }

  startLoading() {
    this.status = 'loading';
    this.error = null;
    this.#late = [];
  }

  /** @param {any} error */
  fail(error) {
    this.status = 'failed';
    this.error = error;
  }

  /** @param {any[]} messages folded @param {boolean} more */
  addPage(messages, more) {
    messages.forEach((message) => this.addRead(message));
    this.#late.forEach((event) => this.#change(event));
    this.#late = [];
    this.more = more;
    this.status = 'ready';
    this.error = null;
  }

  /** Take one message as it was read. @param {any} message folded */
  addRead(message) {
    const key = this.#items.get(message.seq)?.key ?? `seq-${message.seq}`;
    this.#readAt.set(message.seq, Date.now());
    this.#put({ ...message, key });
  }

  /** @param {any} event @param {boolean} shows whether it stands in the list by itself */
  apply(event, shows) {
    if (shows) {
      // What is there already is folded, and so at least as new.
      if (!this.#items.has(event.seq)) this.#put({ ...event, key: event.id ? `id-${event.id}` : `seq-${event.seq}` });
      return;
    }
    if (this.status === 'loading') this.#late.push(event);
    this.#change(event);
  }

  /** Forget all but the newest messages. @param {number} kept how many there are at most */
  trim(kept) {
    const surplus = this.status === 'ready' ? this.items.slice(0, -kept) : [];
    if (surplus.length === 0) return;
    surplus.forEach(({ seq }) => [this.#items, this.#readAt].forEach((kept) => kept.delete(seq)));
    this.#sorted = null;
    this.more = true;
  }

  /** @param {any} event */
  #change(event) {
    const target = this.#items.get(event.target);
    if (!target) return;
    const isRecent = Date.now() - (this.#readAt.get(event.target) ?? 0) < PAGE_LEADS_MS;
    if (event.type === 'reaction.set' && event.sender !== this.#me && isRecent) this.#onDoubt(event.target);
    else this.#put(fold(target, event, this.#me));
  }

  /** @param {Item} item */
  #put(item) {
    const present = this.#items.get(item.seq);
    this.#items.set(item.seq, item);
    if (present && this.#sorted) this.#sorted = this.#sorted.map((each) => (each === present ? item : each));
    else if (this.#sorted && item.seq > (this.#sorted.at(-1)?.seq ?? 0)) this.#sorted = [...this.#sorted, item];
    else this.#sorted = null;
  }
}
