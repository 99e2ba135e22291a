/**
 * Brings into the store what has to be asked for: chats, history, members, names. And tells the server what was read.
 */

// The reactions of one message may be told several times in a moment.
const REREAD_AFTER_MS = 300;
// Whose marks and roles are read as soon as the chat is opened; more are read for the list of members.
const MEMBERS_AT_ONCE = 100;
const ASK_AGAIN_MS = 10_000;
// The newest messages are wanted soon, those before them in good time: fewer and longer answers.
const NEWEST = 50;
const EARLIER = 100;

/** @typedef {import('../chat-client.js').ChatClient} ChatClient */
/** @typedef {import('./store.js').Store} Store */

export class Loader {
  #client;
  #store;
  /** The list is asked for again as soon as the answer under way has come. */
  #listAgain = false;
  /** Chats whose members are being asked for, and by which generation of the store. @type {Map<number, number>} */
  #asking = new Map();
  #rereadTimer = 0;

  /** @param {ChatClient} client @param {Store} store */
  constructor(client, store) {
    this.#client = client;
    this.#store = store;
  }

  async loadMe() {
    const me = await this.#ask(this.#client.api.me()).catch(() => null);
    if (!me) return;
    this.#store.chats.me = me.id;
    this.#store.people.learn([me]);
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
      await this.#eachPage('/api/chats/?limit=100', (page) => page.forEach((chat) => store.describe(chat)));
      store.listStatus = 'ready';
      // A chat may have moved from a page not yet read to one that was.
      for (const chat of store.chats.sorted) if (!chat.known) await this.loadChat(chat.id);
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
    if (details && this.#store.chats.get(chat)) this.#store.describe(details);
  }

  /** Read what an open chat shows, unless that was done. @param {import('./chats.js').Chat} chat */
  async loadOpen(chat) {
    if (this.#store.socket.state === 'connected' && chat.known && chat.memberCount <= MEMBERS_AT_ONCE) this.loadMembers(chat.id);
    if (!this.#store.histories.has(chat.id)) await this.#loadPage(chat.id, this.#store.openHistory(chat.id));
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
      const page = await this.#ask(this.#client.api.history(chat, { before, limit: before === undefined ? NEWEST : EARLIER }));
      history.addPage(page.results, page.next !== null);
    } catch (error) {
      history.fail(error);
    }
    store.changed();
  }

  /** Read the members of a chat, unless that was done. @param {number} chat */
  async loadMembers(chat) {
    const store = this.#store;
    if (store.members.isKnown(chat) || this.#asking.get(chat) === store.generation) return;
    this.#asking.set(chat, store.generation);
    /** @type {any[]} */
    const members = [];
    try {
      await this.#eachPage(`/api/chats/${chat}/members/?limit=100`, (page) => members.push(...page));
      if (store.chats.get(chat)) store.members.learn(chat, members);
      store.people.learn(members);
      this.#asking.delete(chat);
      store.changed();
    } catch {
      // A look at the chat asks again, but not every look.
      setTimeout(() => this.#asking.delete(chat), ASK_AGAIN_MS);
    }
  }

  /** Read anew the messages that are in doubt, a moment after the last news of them. */
  rereadSoon() {
    if (this.#store.doubtful.length === 0 || this.#rereadTimer) return;
    this.#rereadTimer = setTimeout(() => this.#reread(), REREAD_AFTER_MS);
  }

  async #reread() {
    this.#rereadTimer = 0;
    const wanted = new Map(this.#store.doubtful.splice(0).map((each) => [`${each.chat} ${each.seq}`, each]));
    for (const { chat, seq } of wanted.values()) {
      const range = { before: seq + 1, limit: 1 };
      const page = await this.#ask(this.#client.api.history(chat, range)).catch(() => null);
      const [message] = page?.results ?? [];
      if (message?.seq === seq) this.#store.histories.get(chat)?.addRead(message);
    }
    this.#store.changed();
  }

  /** What is on the screen is read. @param {number} id */
  markRead(id) {
    const chat = this.#store.chats.get(id);
    if (!chat || chat.unread === 0) return;
    this.#client.read(id, chat.head);
    this.#store.chats.readUpTo(id, chat.head);
  }

  async loadNames() {
    const { people } = this.#store;
    const ids = people.takeNameless();
    if (ids.length === 0) return;
    try {
      people.learn((await this.#ask(this.#client.api.people(ids))).results);
      this.#store.changed();
    } catch {
      people.unlearn(ids);
    }
  }

  /** @param {string} path @param {(results: any[]) => void} take */
  async #eachPage(path, take) {
    for (let next = path; next !== null; ) {
      // `next` may carry the name the server has for itself; we stay with the one we know it by.
      const { pathname, search } = new URL(next, location.origin);
      const page = await this.#ask(this.#client.api.call('GET', pathname + search));
      take(page.results);
      next = page.next ?? null;
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
