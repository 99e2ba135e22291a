/**
 * Brings into the store what has to be asked for: chats, history, names. And tells the server what was read.
 */

// In a busy chat one marker stands for many messages.
const READ_PAUSE_MS = 500;

/** @typedef {import('../chat-client.js').ChatClient} ChatClient */
/** @typedef {import('./store.js').Store} Store */

export class Loader {
  #client;
  #store;
  /** The list is asked for again as soon as the answer under way has come. */
  #listAgain = false;
  /** @type {Map<import('./store.js').Chat, number>} Chats whose read marker is on its way, and how far it shall go. */
  #reading = new Map();

  /** @param {ChatClient} client @param {Store} store */
  constructor(client, store) {
    this.#client = client;
    this.#store = store;
  }

  async loadMe() {
    const me = await this.#ask(this.#client.api.me()).catch(() => null);
    if (!me) return;
    this.#store.me = me.id;
    this.#store.learnNames([me]);
    this.#store.changed();
  }

  async loadChats() {
    const store = this.#store;
    if (store.listStatus === 'loading') {
      this.#listAgain = true;
      return;
    }
    store.listStatus = 'loading';
    store.changed();
    try {
      for (let next; next !== null; ) {
        /** @type {any} */
        const page = await this.#ask(this.#client.api.chats(next));
        page.results.forEach((/** @type {any} */ chat) => store.describe(chat));
        next = page.next ?? null;
      }
      store.listStatus = 'ready';
      // A chat may have moved from a page not yet read to one that was.
      for (const chat of store.sortedChats) if (!chat.known) await this.loadChat(chat.id);
    } catch (error) {
      store.listStatus = 'failed';
      store.listError = error;
    }
    store.changed();
    if (!this.#listAgain) return;
    this.#listAgain = false;
    await this.loadChats();
  }

  /** @param {number} chat */
  async loadChat(chat) {
    const details = await this.#ask(this.#client.api.chat(chat)).catch(() => null);
    if (details && this.#store.chats.has(chat)) this.#store.describe(details);
  }

  /** Read the newest messages of a chat, unless that was done. @param {number} chat */
  async loadHistory(chat) {
    if (!this.#store.histories.has(chat)) await this.#loadPage(chat, this.#store.openHistory(chat));
  }

  /** Read what is before the oldest message; after a failure, what failed. @param {number} chat */
  async loadEarlier(chat) {
    const history = this.#store.histories.get(chat);
    if (history && history.status !== 'loading') await this.#loadPage(chat, history);
  }

  /** @param {number} chat @param {import('./history.js').History} history */
  async #loadPage(chat, history) {
    const store = this.#store;
    // A first page that failed may have live messages on top: then it is the newest page that is wanted.
    const before = history.more ? history.oldest : undefined;
    history.startLoading();
    store.changed();
    try {
      const page = await this.#ask(this.#client.api.history(chat, { before }));
      history.addPage(page.results, Boolean(page.next));
    } catch (error) {
      history.fail(error);
    }
    store.changed();
  }

  /** Say that the chat was read to its end; what is read meanwhile goes with the next call. @param {number} id */
  async markRead(id) {
    const chat = this.#store.chats.get(id);
    if (!chat || chat.unread === 0) return;
    const { unread } = chat;
    const isUnderWay = this.#reading.has(chat);
    this.#reading.set(chat, chat.head);
    this.#store.readUpTo(id, chat.head);
    if (isUnderWay) return;
    try {
      for (let told = 0; told < (this.#reading.get(chat) ?? 0); ) {
        told = this.#reading.get(chat) ?? 0;
        await this.#ask(this.#client.api.markRead(id, told));
        await new Promise((resolve) => setTimeout(resolve, READ_PAUSE_MS));
      }
    } catch {
      // The next look at the chat tries again.
      chat.unread += unread;
    }
    this.#reading.delete(chat);
  }

  async loadNames() {
    const ids = this.#store.takeNameless();
    if (ids.length === 0) return;
    try {
      const people = await this.#ask(this.#client.api.people(ids));
      this.#store.learnNames(people.results);
    } catch {
      this.#store.unlearnNames(ids);
    }
  }

  /**
   * Wait for an answer; to somebody who has signed out since, none comes.
   * @template T
   * @param {Promise<T>} answer
   * @returns {Promise<T>}
   */
  async #ask(answer) {
    const { generation } = this.#store;
    try {
      return await answer;
    } finally {
      if (generation !== this.#store.generation) await new Promise(() => {});
    }
  }
}
