/**
 * The list of chats, newest activity first.
 */

import { byId, make, reconcile, setText, timeOf } from './dom.js';
import { errorWords } from './words.js';

/** @typedef {import('./store.js').Store} Store */

export class ChatListView {
  #list = byId('chat-list');
  #note = byId('chats-note');
  #retry = byId('chats-retry');
  #store;

  /** @param {Store} store @param {() => void} onRetry */
  constructor(store, onRetry) {
    this.#store = store;
    this.#retry.addEventListener('click', onRetry);
  }

  /** @param {number|null} openChat */
  render(openChat) {
    const chats = this.#store.sortedChats;
    reconcile(this.#list, chats.map((chat) => this.#row(chat, openChat)), {
      key: (row) => String(row.id),
      create: () => make('li'),
      update: showRow,
    });
    setText(this.#note, this.#noteWords(chats.length));
    this.#note.hidden = this.#note.textContent === '';
    this.#retry.hidden = this.#store.listStatus !== 'failed';
  }

  /** @param {number} count */
  #noteWords(count) {
    const { listStatus, listError } = this.#store;
    if (listStatus === 'failed') return `The chats could not be loaded. ${errorWords(listError)}`;
    if (count > 0) return '';
    return listStatus === 'ready' ? 'No chats yet. Start one with “New chat”.' : 'Loading chats…';
  }

  /** @param {import('./store.js').Chat} chat @param {number|null} openChat */
  #row(chat, openChat) {
    const { last } = chat;
    const sender = last && (last.sender === this.#store.me ? 'You' : this.#store.nameOf(last.sender));
    const text = last?.deleted ? 'Message deleted' : last?.text || 'Attachment';
    return {
      id: chat.id,
      title: this.#store.titleOf(chat),
      last: last ? `${sender}: ${text}` : 'No messages yet',
      at: last?.at ?? '',
      unread: chat.unread,
      isOpen: chat.id === openChat,
    };
  }
}

/** @param {HTMLElement} node @param {any} row */
function showRow(node, row) {
  if (!node.firstElementChild) node.append(newLink(row.id));
  const link = /** @type {HTMLAnchorElement} */ (node.firstElementChild);
  const [title, time, last, badge, badgeWords] = link.querySelectorAll('span, time');
  setText(title, row.title);
  setText(last, row.last);
  const { short, full } = timeOf(row.at);
  setText(time, short);
  time.setAttribute('datetime', row.at);
  time.setAttribute('title', full);
  setText(badge, row.unread > 999 ? '999+' : String(row.unread));
  setText(badgeWords, row.unread > 0 ? 'unread' : '');
  /** @type {HTMLElement} */ (badge).hidden = row.unread === 0;
  link.dataset.unread = String(row.unread);
  if (row.isOpen) link.setAttribute('aria-current', 'page');
  else link.removeAttribute('aria-current');
}

/** @param {number} id */
function newLink(id) {
  return make(
    'a',
    { href: `#chat-${id}`, 'data-chat': String(id) },
    make('span', { class: 'chat-title', dir: 'auto' }),
    make('time'),
    make('span', { class: 'chat-last', dir: 'auto' }),
    make('span', { class: 'badge' }),
    make('span', { class: 'visually-hidden' }),
  );
}
