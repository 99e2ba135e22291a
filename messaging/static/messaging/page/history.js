/**
 * The messages of one chat as far as they were read: pages of history below, the stream on top. No DOM.
 */

// A chat that is not looked at keeps this many.
const KEPT_WHEN_CLOSED = 200;

/** @typedef {{seq: number, key: string, type: string, [field: string]: any}} Item never changed, only replaced */

export class History {
  /** @type {'loading'|'ready'|'failed'} */
  status = 'loading';
  /** @type {any} Why the last page did not come. */
  error = null;
  /** There is more before the oldest one. */
  more = false;
  /** @type {Map<number, Item>} */
  #items = new Map();
  /** @type {Item[]|null} */
  #sorted = null;
  /** @type {any[]} Edits and deletions that came while a page was on its way: it may be older than they are. */
  #late = [];

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
    for (const message of messages) {
      const present = this.#items.get(message.seq);
      this.#put({ ...message, key: present?.key ?? `seq-${message.seq}` });
    }
    this.#late.forEach((event) => this.#fold(event));
    this.#late = [];
    this.more = more;
    this.status = 'ready';
    this.error = null;
  }

  /** @param {any} event @param {boolean} shows whether it stands in the list by itself */
  apply(event, shows) {
    if (shows) {
      // What is there already is folded, and so at least as new.
      if (!this.#items.has(event.seq)) this.#put({ ...event, key: event.id ? `id-${event.id}` : `seq-${event.seq}` });
      return;
    }
    if (this.status === 'loading') this.#late.push(event);
    this.#fold(event);
  }

  /** Forget all but the newest messages. */
  trim() {
    const surplus = this.status === 'ready' ? this.items.slice(0, -KEPT_WHEN_CLOSED) : [];
    if (surplus.length === 0) return;
    surplus.forEach((item) => this.#items.delete(item.seq));
    this.#sorted = null;
    this.more = true;
  }

  /** @param {any} event */
  #fold(event) {
    const target = this.#items.get(event.target);
    if (!target || target.deleted) return;
    if (event.type === 'message.edited' && !event.deleted) {
      this.#put({ ...target, text: event.text, edited_at: event.at });
    } else if (event.type === 'message.deleted') {
      const { seq, key, type, chat, at, sender } = target;
      this.#put({ seq, key, type, chat, at, sender, deleted: true });
    }
  }

  /** @param {Item} item */
  #put(item) {
    this.#items.set(item.seq, item);
    this.#sorted = null;
  }
}
