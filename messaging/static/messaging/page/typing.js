/**
 * Who is typing where, for as long as that can be believed.
 */

const BELIEVED_MS = 6_000;

export class Typing {
  /** @type {Map<number, Map<any, ReturnType<typeof setTimeout>>>} chat → user → the end of it */
  #chats = new Map();
  #onChange;

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** @param {number} chat @returns {any[]} */
  in(chat) {
    return [...(this.#chats.get(chat)?.keys() ?? [])];
  }

  /** @param {{chat: number, user: any, on: boolean}} signal */
  hear({ chat, user, on }) {
    const users = this.#chats.get(chat) ?? new Map();
    this.#chats.set(chat, users);
    clearTimeout(users.get(user));
    if (on) users.set(user, setTimeout(() => this.hear({ chat, user, on: false }), BELIEVED_MS));
    else if (!users.delete(user)) return;
    this.#onChange();
  }

  clear() {
    for (const users of this.#chats.values()) users.forEach((timer) => clearTimeout(timer));
    this.#chats.clear();
  }
}
