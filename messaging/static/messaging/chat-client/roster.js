/**
 * The chats of the user as `ready` would tell them now, for a tab that joins in the middle. No I/O.
 */

/** @typedef {import('./streams.js').ReadyChat} ReadyChat */

export class Roster {
  /** @type {any} */
  #ready = null;
  /** @type {Map<number, ReadyChat>} newest activity last */
  #chats = new Map();

  /** @param {any} ready */
  begin(ready) {
    this.#ready = ready;
    this.#chats = new Map([...ready.chats].reverse().map((/** @type {ReadyChat} */ chat) => [chat.chat, { ...chat }]));
  }

  clear() {
    this.#ready = null;
    this.#chats.clear();
  }

  /** @param {{chat: number, head: number, from: number}} joined */
  join({ chat, head, from }) {
    this.#chats.delete(chat);
    this.#chats.set(chat, { chat, head, from, read: from - 1, unread: 0 });
  }

  /** @param {number} id */
  leave(id) {
    this.#chats.delete(id);
  }

  /** @param {any} event the next one of its chat */
  apply(event) {
    const chat = this.#chats.get(event.chat);
    // What is replayed was counted in `ready`.
    if (!chat || event.seq <= chat.head) return;
    chat.head = event.seq;
    this.#chats.delete(event.chat);
    this.#chats.set(event.chat, chat);
    if (event.type !== 'message.created') return;
    // Sending moves the own marker.
    if (event.sender === this.#ready.user) this.read(event);
    else chat.unread += 1;
  }

  /** The user has read this far, on whatever device. @param {{chat: number, seq: number}} mark */
  read({ chat: id, seq }) {
    const chat = this.#chats.get(id);
    if (!chat || seq <= chat.read) return;
    chat.read = seq;
    // What lies between may be no messages: then it is as many as there can be at most.
    chat.unread = Math.min(chat.unread, Math.max(0, chat.head - seq));
  }

  /** @param {(chat: number) => number} placeOf @returns {any} a `ready` frame, or null */
  show(placeOf) {
    if (!this.#ready) return null;
    const chats = [...this.#chats.values()].reverse();
    return { ...this.#ready, chats: chats.map((chat) => ({ ...chat, reset: false, from: placeOf(chat.chat) + 1 })) };
  }
}
