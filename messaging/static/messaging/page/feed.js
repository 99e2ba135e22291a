/**
 * What the client tells, put into the store and, where one should hear of it, into words.
 */

import { errorWords } from './words.js';

/** @typedef {import('../chat-client.js').ChatClient} ChatClient */
/** @typedef {import('./store.js').Store} Store */

export class Feed {
  #store;
  #loader;
  #announcer;
  #openChat;

  /**
   * @param {Store} store
   * @param {import('./loader.js').Loader} loader
   * @param {import('./announcer.js').Announcer} announcer
   * @param {() => number|null} openChat
   */
  constructor(store, loader, announcer, openChat) {
    this.#store = store;
    this.#loader = loader;
    this.#announcer = announcer;
    this.#openChat = openChat;
  }

  /** @param {ChatClient} client */
  listenTo(client) {
    const store = this.#store;
    /** @type {Record<string, (detail: any) => void>} */
    const handlers = {
      state: (state) => this.#stateChanged(state),
      ready: (ready) => {
        store.begin(ready);
        this.#loader.loadChats();
      },
      reset: ({ chat }) => store.forget(chat),
      joined: (joined) => {
        store.join(joined);
        this.#loader.loadChat(joined.chat);
      },
      dropped: ({ chat }) => this.#dropped(chat),
      event: (event) => {
        store.apply(event);
        this.#announceMessage(event);
      },
      unanswered: ({ command }) => {
        store.writes.add(command);
        store.changed();
      },
      settled: ({ command, error }) => this.#settled(command, error),
      signal: (signal) => store.hear(signal),
    };
    for (const [type, handle] of Object.entries(handlers)) {
      client.addEventListener(type, (event) => handle(/** @type {CustomEvent} */ (event).detail));
    }
  }

  /** @param {import('../chat-client/connection.js').State} state */
  #stateChanged(state) {
    this.#store.setSocket(state);
    // Without a socket the chats can be read all the same.
    if (['waiting', 'offline', 'elsewhere'].includes(state.state) && this.#store.listStatus === 'new') {
      this.#loader.loadMe();
      this.#loader.loadChats();
    }
  }

  /** @param {any} command @param {any} error */
  #settled(command, error) {
    if (!error) this.#store.writes.remove(command.id);
    else {
      const words = errorWords(error);
      this.#store.writes.fail(command.id, words);
      if (command.type === 'message.send') this.#announcer.say(`Message not sent. ${words}`);
      else this.#announcer.show(words);
    }
    this.#store.changed();
  }

  /** @param {number} chat */
  #dropped(chat) {
    if (chat === this.#openChat()) this.#announcer.show('You are no longer in this chat.');
    this.#store.remove(chat);
  }

  /** @param {any} event */
  #announceMessage(event) {
    if (event.type !== 'message.created' || event.chat !== this.#openChat() || event.sender === this.#store.me) return;
    this.#announcer.say(`${this.#store.nameOf(event.sender)}: ${event.deleted ? 'message deleted' : (event.text ?? '')}`);
  }
}
