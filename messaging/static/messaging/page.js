/**
 * The page at `/`: puts the client, the store and the views together.
 *
 *   ChatClient ── events ──▶ Store ── changed ──▶ views          views ── actions ──▶ ChatClient, Loader ──▶ Store
 */

import { ChatClient } from './chat-client.js';
import { ChatListView } from './page/chat-list.js';
import { ComposerView } from './page/composer.js';
import { byId, setText } from './page/dom.js';
import { Loader } from './page/loader.js';
import { LoginView } from './page/login.js';
import { NewChatView } from './page/new-chat.js';
import { OpenChatView } from './page/open-chat.js';
import { SocketStateView } from './page/socket-state.js';
import { Store } from './page/store.js';
import { errorWords } from './page/words.js';

// One look at the store for all that happens within a frame; not `requestAnimationFrame`, which a hidden tab never gets.
const RENDER_AFTER_MS = 16;
// Long enough to be heard, short enough to be listened to.
const ANNOUNCED_CHARACTERS = 200;

class Page {
  #client = new ChatClient();
  #store = new Store(() => this.#renderSoon());
  #loader = new Loader(this.#client, this.#store);
  #login = new LoginView(this.#client, () => this.#enter());
  #socketState = new SocketStateView(() => this.#act());
  #chatList = new ChatListView(this.#store, () => this.#loader.loadChats());
  #openChat = new OpenChatView(this.#store, {
    retry: (id) => this.#sendAgain(id),
    discard: (id) => this.#store.discard(id),
    earlier: () => this.#chat !== null && this.#loader.loadEarlier(this.#chat),
    atEnd: () => this.#renderSoon(),
  });
  #composer = new ComposerView((chat, text) => this.#send(chat, text));
  #newChat = new NewChatView(this.#client, (chat) => this.#created(chat));
  #announcer = byId('announcer');
  #isInside = false;
  #leaving = false;
  #renderTimer = 0;

  start() {
    this.#listenToClient();
    this.#listenToBrowser();
    byId('sign-out').addEventListener('click', () => this.#leave());
    if (this.#client.session) this.#enter();
    else this.#login.open('');
  }

  /** The chat that the address names, if any. */
  get #chat() {
    const match = /^#chat-(\d+)$/.exec(location.hash);
    return match ? Number(match[1]) : null;
  }

  /** The messages are asked for as soon as it is clear whether the stream brings them. */
  get #isSettling() {
    return this.#client.state.state === 'connecting' && this.#store.me === null;
  }

  #enter() {
    this.#isInside = true;
    this.#login.close();
    byId('app').hidden = false;
    setText(byId('who'), this.#client.session?.username ?? '');
    // What was not sent before this log-in is sent after it, if it is the same person's.
    this.#client.unanswered.forEach((command) => this.#store.pend(command));
    this.#client.connect();
    this.#renderSoon();
  }

  async #leave() {
    this.#leaving = true;
    await this.#client.logout();
    this.#leaving = false;
  }

  #signedOut() {
    this.#isInside = false;
    byId('app').hidden = true;
    this.#newChat.close();
    this.#composer.forgetDrafts();
    history.replaceState(null, '', location.pathname);
    this.#store.clear();
    this.#login.open(this.#leaving ? '' : 'You were signed out. Please log in again.');
    this.#render();
  }

  #listenToClient() {
    /** @type {Record<string, (detail: any) => void>} */
    const handlers = {
      session: ({ session }) => !session && this.#signedOut(),
      state: (state) => this.#stateChanged(state),
      ready: (ready) => {
        this.#store.begin(ready);
        this.#loader.loadChats();
      },
      reset: ({ chat }) => this.#store.forget(chat),
      joined: (joined) => {
        this.#store.join(joined);
        this.#loader.loadChat(joined.chat);
      },
      dropped: ({ chat }) => this.#dropped(chat),
      event: (event) => {
        this.#store.apply(event);
        this.#announceMessage(event);
      },
      unanswered: ({ command }) => this.#store.pend(command),
      settled: ({ command, error }) => {
        const words = error ? errorWords(error) : null;
        this.#store.settle(command.id, words);
        if (words) this.#announce(`Message not sent. ${words}`);
      },
      signal: (signal) => {
        if (signal.type === 'read' && signal.user === this.#store.me) this.#store.readUpTo(signal.chat, signal.seq);
      },
    };
    for (const [type, handle] of Object.entries(handlers)) {
      this.#client.addEventListener(type, (event) => handle(/** @type {CustomEvent} */ (event).detail));
    }
  }

  #listenToBrowser() {
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.#renderSoon();
    });
    addEventListener('hashchange', () => this.#render());
  }

  /** @param {import('./chat-client/connection.js').State} state */
  #stateChanged(state) {
    this.#socketState.show(state);
    if (!this.#isInside) return;
    // Without a socket the chats can be read all the same.
    if (['waiting', 'offline', 'elsewhere'].includes(state.state) && this.#store.listStatus === 'new') {
      this.#loader.loadMe();
      this.#loader.loadChats();
    }
    this.#renderSoon();
  }

  /** @param {number} chat */
  #dropped(chat) {
    if (chat === this.#chat) this.#announce('You are no longer in this chat.');
    this.#store.remove(chat);
  }

  /** @param {any} event */
  #announceMessage(event) {
    if (event.type !== 'message.created' || event.chat !== this.#chat || event.sender === this.#store.me) return;
    const text = event.deleted ? 'message deleted' : (event.text ?? '').slice(0, ANNOUNCED_CHARACTERS);
    this.#announce(`${this.#store.nameOf(event.sender)}: ${text}`);
  }

  /** @param {string} words */
  #announce(words) {
    setText(this.#announcer, words);
  }

  /** The button in the line of the socket. */
  #act() {
    if (this.#client.state.state === 'elsewhere') this.#client.take();
    else this.#client.wake();
  }

  /** @param {number} chat @param {string} text */
  #send(chat, text) {
    this.#store.pend(this.#client.sendMessage(chat, text));
    // At once: the answer may be here within a frame.
    this.#render();
    this.#openChat.goToEnd();
  }

  /** @param {string} id */
  #sendAgain(id) {
    const failed = this.#store.pending.find((item) => item.id === id);
    if (!failed) return;
    this.#send(failed.chat, failed.text);
    this.#store.discard(id);
  }

  /** @param {any} chat */
  #created(chat) {
    this.#store.describe(chat, { isNew: true });
    location.hash = `#chat-${chat.id}`;
  }

  #renderSoon() {
    this.#renderTimer ||= setTimeout(() => this.#render(), RENDER_AFTER_MS);
  }

  #render() {
    clearTimeout(this.#renderTimer);
    this.#renderTimer = 0;
    const wanted = this.#chat;
    const chat = wanted !== null && this.#store.chats.has(wanted) ? wanted : null;
    byId('app').dataset.view = wanted === null ? 'list' : 'chat';
    this.#store.trimHistories(chat);
    if (chat !== null && this.#isInside && !this.#isSettling) this.#loader.loadHistory(chat);
    this.#openChat.render(wanted, this.#isSettling);
    // Before the list, which would show a badge for what is on the screen already.
    if (chat !== null) this.#markRead(chat);
    this.#chatList.render(chat);
    this.#composer.open(chat);
    if (this.#isInside) this.#loader.loadNames();
    const unread = this.#store.sortedChats.reduce((sum, { unread: count }) => sum + count, 0);
    document.title = unread > 0 ? `(${unread}) Onesocket` : 'Onesocket';
  }

  /** What is on the screen is read. @param {number} chat */
  #markRead(chat) {
    const isShown = this.#store.histories.get(chat)?.status === 'ready' && this.#openChat.isAtEnd;
    if (isShown && document.visibilityState === 'visible') this.#loader.markRead(chat);
  }
}

new Page().start();
