/**
 * The chat that is open: its messages, and those that are still on their way.
 */

import { byId, make, reconcile, setText, timeOf } from './dom.js';
import { errorWords, isNote, noteWords } from './words.js';

/** @typedef {import('./store.js').Store} Store */
/** @typedef {{retry: (id: string) => void, discard: (id: string) => void, earlier: () => void, atEnd: () => void}} Actions */

// As near to the end as this counts as at the end, in CSS pixels.
const END_TOLERANCE = 40;

export class OpenChatView {
  #empty = byId('no-chat');
  #content = byId('chat-content');
  #title = byId('chat-title');
  #members = byId('chat-members');
  #scroller = byId('scroller');
  #list = byId('messages');
  #note = byId('messages-note');
  #earlier = byId('earlier');
  #jump = byId('jump');
  #store;
  #actions;
  /** @type {number|null} What the list shows now. */
  #shown = null;
  /** @type {number|undefined} */
  #oldest;
  #atEnd = true;

  /** @param {Store} store @param {Actions} actions */
  constructor(store, actions) {
    this.#store = store;
    this.#actions = actions;
    this.#earlier.addEventListener('click', actions.earlier);
    this.#jump.addEventListener('click', () => {
      this.goToEnd();
      actions.atEnd();
    });
    this.#scroller.addEventListener('scroll', () => this.#scrolled());
    // The composer grows, the window turns: who was at the end stays there.
    new ResizeObserver(() => this.#atEnd && this.goToEnd()).observe(this.#scroller);
  }

  get isAtEnd() {
    return this.#atEnd;
  }

  /** @param {number|null} id @param {boolean} isLoadingSoon whether the history will be asked for in a moment */
  render(id, isLoadingSoon) {
    const chat = id === null ? undefined : this.#store.chats.get(id);
    if (!chat) setText(this.#empty, this.#emptyWords(id));
    this.#empty.hidden = chat !== undefined;
    this.#content.hidden = chat === undefined;
    if (chat) this.#renderChat(chat, isLoadingSoon);
    this.#shown = chat ? chat.id : null;
  }

  /** @param {number|null} id */
  #emptyWords(id) {
    if (id === null) return 'Choose a chat, or start a new one.';
    const { listStatus } = this.#store;
    return listStatus === 'new' || listStatus === 'loading' ? 'Loading…' : 'You are not in this chat.';
  }

  /** @param {import('./store.js').Chat} chat @param {boolean} isLoadingSoon */
  #renderChat(chat, isLoadingSoon) {
    setText(this.#title, this.#store.titleOf(chat));
    setText(this.#members, this.#membersOf(chat));
    const history = this.#store.histories.get(chat.id);
    const isOther = this.#shown !== chat.id;
    const height = this.#scroller.scrollHeight;
    const items = history?.items ?? [];
    const pending = this.#store.pending.filter((item) => item.chat === chat.id);
    reconcile(this.#list, [...items, ...pending], {
      key: (/** @type {any} */ item) => item.key,
      create: () => make('li'),
      update: (node, item) => this.#showItem(node, item),
      version: this.#store.namesVersion,
    });
    this.#renderNote(history, items.length + pending.length, isLoadingSoon);
    if (isOther || this.#atEnd) this.goToEnd();
    else if (items.length && this.#oldest !== items[0].seq) {
      // Earlier messages came in above: keep the place one was reading.
      this.#scroller.scrollTop += this.#scroller.scrollHeight - height;
    }
    this.#oldest = items[0]?.seq;
    this.#jump.hidden = this.#atEnd || chat.unread === 0;
    setText(this.#jump, `${chat.unread} new ${chat.unread === 1 ? 'message' : 'messages'} ↓`);
  }

  /** @param {import('./history.js').History|undefined} history @param {number} count @param {boolean} isLoadingSoon */
  #renderNote(history, count, isLoadingSoon) {
    const isLoading = history ? history.status === 'loading' : isLoadingSoon;
    const failed = history?.status === 'failed';
    let words = '';
    if (failed) words = `The messages could not be loaded. ${errorWords(history.error)}`;
    else if (isLoading) words = 'Loading messages…';
    else if (count === 0) words = 'No messages yet. Write the first one.';
    setText(this.#note, words);
    this.#note.hidden = words === '';
    this.#scroller.setAttribute('aria-busy', String(isLoading));
    this.#earlier.hidden = !(failed || (history?.more && !isLoading));
    setText(this.#earlier, failed ? 'Try again' : 'Load earlier messages');
  }

  /** @param {import('./store.js').Chat} chat */
  #membersOf(chat) {
    if (!chat.known || chat.kind === 'private') return '';
    const names = chat.members.map((member) => (member.id === this.#store.me ? 'you' : this.#store.nameOf(member.id)));
    const more = chat.memberCount - names.length;
    return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ');
  }

  /** @param {HTMLElement} node @param {any} item */
  #showItem(node, item) {
    const nameOf = (/** @type {any} */ id) => this.#store.nameOf(id);
    if (item.seq === undefined) this.#showPending(node, item);
    else {
      node.dataset.seq = String(item.seq);
      delete node.dataset.pending;
      delete node.dataset.failed;
      if (isNote(item.type)) {
        node.className = 'note';
        node.replaceChildren(noteWords(item, nameOf));
      } else this.#showMessage(node, item, item.sender === this.#store.me ? 'You' : nameOf(item.sender));
    }
  }

  /** @param {HTMLElement} node @param {any} item @param {string} sender */
  #showMessage(node, item, sender) {
    const { short, full } = timeOf(item.at);
    const quoted = typeof item.reply_to === 'number' ? this.#find(item) : item.reply_to;
    node.className = item.sender === this.#store.me ? 'message mine' : 'message';
    node.replaceChildren(
      make(
        'p',
        { class: 'meta' },
        make('span', { class: 'sender', dir: 'auto' }, sender),
        ' ',
        make('time', { datetime: item.at, title: full }, full || short),
        item.edited_at && !item.deleted ? ' (edited)' : null,
      ),
      ...(quoted && !item.deleted ? [make('blockquote', { dir: 'auto' }, this.#quote(quoted))] : []),
      item.deleted
        ? make('p', { class: 'text gone' }, 'Message deleted')
        : make('p', { class: 'text', dir: 'auto' }, item.text ?? ''),
      ...(item.attachments ?? []).map((/** @type {any} */ file) =>
        make('p', { class: 'file', dir: 'auto' }, file.name ?? 'Attachment'),
      ),
    );
  }

  /** @param {HTMLElement} node @param {any} item */
  #showPending(node, item) {
    node.className = 'message mine';
    node.dataset.pending = item.id;
    if (item.error) node.dataset.failed = '';
    node.replaceChildren(
      make('p', { class: 'meta' }, make('span', { class: 'sender' }, 'You'), item.error ? ' Not sent' : ' Sending…'),
      make('p', { class: 'text', dir: 'auto' }, item.text),
    );
    if (!item.error) return;
    node.append(
      make('p', { class: 'error' }, item.error),
      make('button', { type: 'button', onclick: () => this.#actions.retry(item.id) }, 'Send again'),
      ' ',
      make('button', { type: 'button', onclick: () => this.#actions.discard(item.id) }, 'Discard'),
    );
  }

  /** @param {any} quoted a message, or an empty one where it is not at hand */
  #quote(quoted) {
    return quoted.text ? `${this.#store.nameOf(quoted.sender)}: ${quoted.text}` : '…';
  }

  /** @param {any} item */
  #find(item) {
    return this.#store.histories.get(item.chat)?.get(item.reply_to) ?? { text: '' };
  }

  /** Show the newest messages, and stay with them. */
  goToEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#atEnd = true;
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    const wasAtEnd = this.#atEnd;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < END_TOLERANCE;
    if (this.#atEnd && !wasAtEnd) this.#actions.atEnd();
  }
}
