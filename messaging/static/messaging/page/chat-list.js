/**
 * The list of chats, newest activity first, and the search in it.
 */

import { showChat } from './chat-row.js';
import { byId, make, reconcile, setText } from './dom.js';
import { errorWords, typingWords } from './words.js';

/** @typedef {import('./store.js').Store} Store */

export class ChatListView {
  #list = byId('chat-list');
  #note = byId('chats-note');
  #retry = byId('chats-retry');
  #search = byId('chats-search');
  #skeleton = byId('chats-loading');
  #store;
  /** @type {Map<number, any>} What each row said last: one that says the same is not drawn again. */
  #rows = new Map();
  /** @type {number|null} */
  #openChat = null;

  /** @param {Store} store @param {{retry: () => void, search: () => void}} actions */
  constructor(store, { retry, search }) {
    this.#store = store;
    this.#retry.addEventListener('click', retry);
    this.#search.addEventListener('input', search);
    this.#search.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
      if (event.key === 'ArrowDown') this.#list.querySelector('a')?.focus();
      if (event.key === 'Enter') this.#list.querySelector('a')?.click();
    });
    this.#list.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => this.#move(event));
  }

  /** @param {number|null} openChat */
  render(openChat) {
    const chats = this.#store.chats.sorted;
    const found = chats.filter((chat) => this.#isFound(chat));
    reconcile(this.#list, found.map((chat) => this.#row(chat, openChat)), {
      key: (row) => String(row.id),
      create: () => make('li'),
      update: showChat,
    });
    if (openChat === null && this.#openChat !== null) this.#takeFocus(this.#openChat);
    this.#openChat = openChat;
    const { listStatus } = this.#store;
    this.#skeleton.hidden = chats.length > 0 || listStatus === 'ready' || listStatus === 'failed';
    setText(this.#note, this.#noteWords(chats.length, found.length));
    this.#retry.hidden = listStatus !== 'failed';
  }

  /** On a narrow screen the chat that one leaves goes with the focus in it. @param {number} chat */
  #takeFocus(chat) {
    const focused = document.activeElement;
    const isLost = !focused || focused === document.body || focused.getClientRects().length === 0;
    if (isLost) /** @type {HTMLElement|null} */ (this.#list.querySelector(`[data-chat="${chat}"]`))?.focus();
  }

  clear() {
    this.#search.value = '';
    this.#rows.clear();
  }

  /** @param {import('./chats.js').Chat} chat */
  #isFound(chat) {
    const wanted = this.#search.value.trim().toLocaleLowerCase();
    const names = chat.members.map((member) => `${this.#store.nameOf(member.id)} ${this.#store.people.usernameOf(member.id)}`);
    return [this.#store.titleOf(chat), ...names].join(' ').toLocaleLowerCase().includes(wanted);
  }

  /** @param {number} count @param {number} found */
  #noteWords(count, found) {
    const { listStatus, listError } = this.#store;
    if (listStatus === 'failed') return `The chats could not be loaded. ${errorWords(listError)}`;
    if (count > 0) return found > 0 ? '' : 'No chat of that name.';
    return listStatus === 'ready' ? 'No chats yet. Start one with “New chat”.' : 'Loading chats…';
  }

  /** @param {import('./chats.js').Chat} chat @param {number|null} openChat */
  #row(chat, openChat) {
    const store = this.#store;
    const other = store.otherOf(chat);
    const row = {
      id: chat.id,
      tint: other ?? chat.id,
      title: store.titleOf(chat),
      isGroup: chat.kind !== 'private',
      isOnline: other !== null && store.people.presenceOf(other)?.online === true,
      typing: typingWords(store.typing.in(chat.id).map((user) => store.nameOf(user))),
      last: this.#lastWords(chat),
      at: chat.last?.at ?? '',
      unread: chat.unread,
      mentions: chat.mentions,
      isOpen: chat.id === openChat,
      // What is said of a time changes with the day.
      today: new Date().toDateString(),
    };
    const before = this.#rows.get(chat.id);
    const isSame = before && Object.entries(row).every(([name, value]) => before[name] === value);
    if (!isSame) this.#rows.set(chat.id, row);
    return isSame ? before : row;
  }

  /** @param {import('./chats.js').Chat} chat */
  #lastWords({ last, kind }) {
    if (!last) return 'No messages yet';
    const text = last.deleted ? 'Message deleted' : last.text || 'Attachment';
    if (last.sender === this.#store.me) return `You: ${text}`;
    return kind === 'private' ? text : `${this.#store.nameOf(last.sender)}: ${text}`;
  }

  /** @param {KeyboardEvent} event */
  #move(event) {
    const row = /** @type {HTMLElement} */ (event.target).closest('li');
    const next = { ArrowDown: row?.nextElementSibling, ArrowUp: row?.previousElementSibling }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    (next === null ? (event.key === 'ArrowUp' ? this.#search : null) : next.querySelector('a'))?.focus();
  }
}
