/**
 * Asks to hear of those who are in sight: the other one of each private chat, and the members of the open chat.
 */

const MOST = 200;

export class PresenceWatch {
  #watch;
  #watched = '';

  /** @param {(users: any[]) => void} watch */
  constructor(watch) {
    this.#watch = watch;
  }

  /** @param {import('./store.js').Store} store @param {number|null} openChat */
  update(store, openChat) {
    const others = store.chats.sorted.map((chat) => store.otherOf(chat)).filter((user) => user !== null);
    const members = openChat === null ? [] : store.members.of(openChat).map(({ id }) => id);
    const users = [...new Set([...members, ...others])].filter((user) => user !== store.me).slice(0, MOST);
    const wanted = users.sort((a, b) => a - b).join();
    if (wanted === this.#watched) return;
    this.#watched = wanted;
    this.#watch(users);
  }
}
