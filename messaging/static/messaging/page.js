/**
 * The page at `/`: puts the client, the store and the views together.
 *
 *   ChatClient ── events ──▶ Feed ──▶ Store ── changed ──▶ views          views ── Actions, Loader ──▶ ChatClient, Store
 */

import { ChatClient } from './chat-client.js';
import { Actions } from './page/actions.js';
import { Announcer } from './page/announcer.js';
import { ChatHeaderView } from './page/chat-header.js';
import { ChatListView } from './page/chat-list.js';
import { ComposerView } from './page/composer.js';
import { byId, setText } from './page/dom.js';
import { Feed } from './page/feed.js';
import { Loader } from './page/loader.js';
import { LoginView } from './page/login.js';
import { MembersView } from './page/members-dialog.js';
import { MessageListView } from './page/message-list.js';
import { NewChatView } from './page/new-chat.js';
import { PresenceWatch } from './page/presence-watch.js';
import { SocketStateView } from './page/socket-state.js';
import { Store } from './page/store.js';
import { WireView } from './page/wire.js';

// One look at the store for all that happens within a frame; not `requestAnimationFrame`, which a hidden tab never gets.
const RENDER_AFTER_MS = 16;

class Page {
  #client = new ChatClient();
  #announcer = new Announcer();
  #store = new Store(() => this.#renderSoon());
  #loader = new Loader(this.#client, this.#store);
  #actions = new Actions(this.#client, this.#store, this.#announcer);
  #login = new LoginView(this.#client, () => this.#enter());
  #socketState = new SocketStateView(() => this.#act());
  #wire = new WireView();
  #watch = new PresenceWatch((users) => this.#client.watchPresence(users));
  #chatList = new ChatListView(this.#store, { retry: () => this.#loader.loadChats(), search: () => this.#renderSoon() });
  #header = new ChatHeaderView(this.#store);
  #messages = new MessageListView(this.#store, this.#messageActions());
  #composer = new ComposerView(this.#composerActions());
  #newChat = new NewChatView(this.#client, (chat) => this.#created(chat));
  #members = new MembersView(this.#store, this.#client, this.#loader);
  #isInside = false;
  #isLeaving = false;
  #renderTimer = 0;

  start() {
    new Feed(this.#store, this.#loader, this.#announcer, () => this.#chat).listenTo(this.#client);
    this.#listen('session', ({ session }) => !session && this.#signedOut());
    this.#listen('state', () => this.#showSocket());
    this.#listen('role', () => this.#showSocket());
    this.#listen('frame', (told) => this.#wire.hear(told));
    addEventListener('hashchange', () => this.#render());
    document.addEventListener('visibilitychange', () => this.#renderSoon());
    byId('sign-out').addEventListener('click', () => this.#leave());
    byId('open-retry').addEventListener('click', () => this.#loader.loadChats());
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

  /** @param {string} type @param {(detail: any) => void} handle */
  #listen(type, handle) {
    this.#client.addEventListener(type, (event) => handle(/** @type {CustomEvent} */ (event).detail));
  }

  #enter() {
    this.#isInside = true;
    this.#login.close();
    byId('app').hidden = false;
    setText(byId('who'), this.#client.session?.username ?? '');
    // What was not sent before this log-in is sent after it, if it is the same person's.
    this.#client.unanswered.forEach((command) => this.#store.writes.add(command));
    this.#client.connect();
    this.#renderSoon();
  }

  async #leave() {
    this.#isLeaving = true;
    await this.#client.logout();
    this.#isLeaving = false;
  }

  #signedOut() {
    if (!this.#isInside) return;
    this.#isInside = false;
    byId('app').hidden = true;
    this.#newChat.close();
    this.#members.close();
    this.#composer.forgetDrafts();
    this.#chatList.clear();
    this.#wire.clear();
    history.replaceState(null, '', location.pathname);
    this.#store.clear();
    this.#login.open(this.#isLeaving ? '' : 'You were signed out. Please log in again.');
    this.#render();
  }

  #showSocket() {
    this.#socketState.show(this.#client.state);
    this.#renderSoon();
  }

  /** The button in the pill of the socket. */
  #act() {
    if (this.#client.state.state === 'elsewhere') this.#client.take();
    else this.#client.wake();
  }

  #messageActions() {
    const actions = this.#actions;
    return {
      store: this.#store,
      isGroup: false,
      names: new Map(),
      retry: (/** @type {string} */ id) => actions.retry(id),
      discard: (/** @type {string} */ id) => actions.discard(id),
      show: (/** @type {number} */ seq) => this.#messages.goTo(seq),
      react: (/** @type {number} */ seq, /** @type {string} */ emoji, /** @type {boolean} */ on) => actions.react(this.#chat ?? 0, seq, emoji, on),
      reply: (/** @type {import('./page/layout.js').Row} */ row) => this.#begin('reply', row.item),
      edit: (/** @type {import('./page/layout.js').Row} */ row) => this.#begin('edit', row.item),
      remove: (/** @type {import('./page/layout.js').Row} */ row) => actions.remove(row),
      copy: (/** @type {import('./page/layout.js').Row} */ row) => actions.copy(row),
      mayRemove: (/** @type {any} */ item) => actions.mayRemove(item),
      earlier: () => this.#chat !== null && this.#loader.loadEarlier(this.#chat),
      changed: () => this.#renderSoon(),
    };
  }

  #composerActions() {
    return {
      send: (/** @type {number} */ chat, /** @type {string} */ text, /** @type {number|null} */ replyTo) => {
        this.#actions.send(chat, text, replyTo);
        this.#messages.goToEnd();
        // At once: the answer may be here within a frame.
        this.#render();
      },
      edit: (/** @type {number} */ chat, /** @type {number} */ seq, /** @type {string} */ text) => this.#actions.edit(chat, seq, text),
      typing: (/** @type {number} */ chat, /** @type {boolean} */ on) => this.#client.typing(chat, on),
      candidates: () => this.#candidates(),
      editLast: () => this.#messages.lastOwn && this.#begin('edit', this.#messages.lastOwn),
    };
  }

  /** @param {'reply'|'edit'} kind @param {any} item */
  #begin(kind, item) {
    const name = item.sender === this.#store.me ? 'yourself' : this.#store.nameOf(item.sender);
    this.#composer.begin({ kind, seq: item.seq, name, text: item.text ?? '' });
  }

  /** Whom one can name in the open chat. */
  #candidates() {
    const { people, me, chats } = this.#store;
    const chat = chats.get(this.#chat);
    const users = chat ? this.#store.membersOf(chat) : [];
    return users.filter((id) => id !== me).map((id) => ({ id, name: people.nameOf(id), username: people.usernameOf(id) })).filter(({ username }) => username);
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
    const chat = this.#store.chats.get(wanted) ?? null;
    byId('app').dataset.view = wanted === null ? 'list' : 'chat';
    this.#store.trimHistories(chat?.id ?? null, this.#messages.follows);
    if (chat && this.#isInside && !this.#isSettling) this.#loader.loadOpen(chat);
    this.#renderPane(wanted, chat);
    this.#messages.render(chat, this.#isSettling);
    // Before the list, which would show a badge for what is on the screen already.
    if (chat) this.#markRead(chat.id);
    this.#chatList.render(chat?.id ?? null);
    this.#composer.open(chat?.id ?? null);
    this.#members.render();
    this.#wire.show(this.#client.state.state, this.#client.leads, this.#store.chats.size);
    if (!this.#isInside) return;
    this.#loader.loadNames();
    this.#loader.rereadSoon();
    this.#watch.update(this.#store, chat?.id ?? null);
    const { unread } = this.#store.chats;
    document.title = unread > 0 ? `(${unread}) Onesocket` : 'Onesocket';
  }

  /** @param {number|null} wanted @param {import('./page/chats.js').Chat|null} chat */
  #renderPane(wanted, chat) {
    byId('no-chat').hidden = chat !== null;
    byId('chat-content').hidden = chat === null;
    if (chat) {
      byId('members').dataset.chat = String(chat.id);
      this.#header.render(chat);
      return;
    }
    const { listStatus } = this.#store;
    const isLoading = wanted !== null && ['new', 'loading'].includes(listStatus);
    const hasFailed = wanted !== null && listStatus === 'failed';
    byId('open-retry').hidden = !hasFailed;
    if (wanted === null) setText(byId('no-chat-words'), 'Choose a chat, or start a new one.');
    else setText(byId('no-chat-words'), isLoading ? 'Loading…' : hasFailed ? 'The chat could not be loaded.' : 'You are not in this chat.');
  }

  /** What is on the screen is read. @param {number} chat */
  #markRead(chat) {
    const isShown = this.#store.histories.get(chat)?.status === 'ready' && this.#messages.isAtEnd;
    if (isShown && document.visibilityState === 'visible') this.#loader.markRead(chat);
  }
}

new Page().start();
