/**
 * The messages of the open chat: those near to where one reads, in a list that can be walked with the arrow keys.
 */

import { byId, make, reconcile, setText } from './dom.js';
import { rowsOf } from './layout.js';
import { MessageFocus } from './message-focus.js';
import { showRow } from './message-row.js';
import { ScrollKeeper } from './scroll-keeper.js';
import { Window } from './window.js';
import { counted, errorWords } from './words.js';

// Nearer to an end of the lines than this, more are fetched: about a screen, in CSS pixels.
const NEAR = 900;
const FLASH_MS = 1_600;
// Of so many unread messages at most the first one is looked for: further back is more than a few pages of history away.
const MOST_SOUGHT = 500;
// What stays in sight above the first unread message, in CSS pixels: the end of what was read.
const ABOVE_UNREAD = 96;

/** @typedef {import('./store.js').Store} Store */

export class MessageListView {
  #scroller = byId('scroller');
  #list = byId('messages');
  #note = byId('messages-note');
  #retry = byId('messages-retry');
  #jump = byId('jump');
  #scroll = new ScrollKeeper(this.#scroller, this.#list);
  #window = new Window();
  #store;
  #actions;
  #focus;
  /** @type {import('./chats.js').Chat|null} What the list shows. */
  #chat = null;
  /** @type {import('./history.js').History|undefined} */
  #history;
  #atEnd = true;
  /** @type {number|null} Where the line above the unread messages stands. */
  #unreadAfter = null;
  /** That line is to be shown, as soon as the history goes back to it. */
  #seeksUnread = false;
  /** @type {number|null} A message to be shown as soon as it was read. */
  #wanted = null;

  /**
   * @param {Store} store
   * @param {import('./message-row.js').Context & import('./message-tools.js').ToolActions
   *   & {earlier: () => void, changed: () => void, mayRemove: (item: any) => boolean}} actions
   */
  constructor(store, actions) {
    this.#store = store;
    this.#actions = actions;
    this.#focus = new MessageFocus(this.#list, actions, (item) => actions.mayRemove(item));
    this.#retry.addEventListener('click', actions.earlier);
    this.#jump.addEventListener('click', () => this.goToEnd());
    this.#scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    // The composer grows, the window turns: who was at the end stays there.
    new ResizeObserver(() => this.#atEnd && !this.#scroll.hasLeftEnd && this.#scroll.toEnd()).observe(this.#scroller);
  }

  get isAtEnd() {
    return this.#atEnd;
  }

  /** Whether it stays with the newest messages, and nothing older is on its way. */
  get follows() {
    return this.#atEnd && this.#wanted === null && !this.#seeksUnread;
  }

  /** @param {import('./chats.js').Chat|null} chat @param {boolean} isLoadingSoon the history will be asked for in a moment */
  render(chat, isLoadingSoon) {
    if (chat?.id !== this.#chat?.id) this.#open(chat);
    this.#chat = chat;
    if (!chat) return;
    const history = this.#store.histories.get(chat.id);
    if (history !== this.#history) this.#window.reset();
    this.#history = history;
    if (this.#scroll.hasLeftEnd) this.#leaveEnd();
    this.#window.set(history?.items ?? [], this.#atEnd);
    if (this.#wanted !== null) this.#goTo(this.#wanted);
    const isAtUnread = this.#seeksUnread && this.#reachUnread();
    this.#draw(chat);
    if (isAtUnread) this.#showUnread();
    this.#renderNote(isLoadingSoon);
    const isAway = !this.#atEnd || !this.#window.isAtTail;
    this.#jump.hidden = !isAway;
    setText(this.#jump.querySelector('.badge'), chat.unread > 0 ? String(chat.unread) : '');
    this.#jump.setAttribute('aria-label', chat.unread > 0 ? `Jump to the newest, ${counted(chat.unread, 'new message')}` : 'Jump to the newest');
    this.#fill();
  }

  /** Show the newest messages, and stay with them. */
  goToEnd() {
    this.#atEnd = true;
    this.#wanted = null;
    this.#seeksUnread = false;
    this.#window.reset();
    this.#scroll.toEnd();
    this.#actions.changed();
  }

  /** Show one message, however old. @param {number} seq */
  goTo(seq) {
    this.#wanted = seq;
    this.#seeksUnread = false;
    this.#actions.changed();
  }

  /** Whether the history goes back to the last message that was read, or to the beginning of the chat. */
  get #reachesUnread() {
    const { oldest = Infinity, status, more } = this.#history ?? {};
    return oldest <= (this.#unreadAfter ?? 0) + 1 || (status === 'ready' && !more);
  }

  /** The last message that one wrote oneself. */
  get lastOwn() {
    return this.#window.items.findLast((item) => item.sender === this.#store.me && item.type === 'message.created' && !item.deleted);
  }

  /** @param {import('./chats.js').Chat|null} chat */
  #open(chat) {
    this.#window = new Window();
    this.#focus.clear();
    this.#list.replaceChildren();
    this.#atEnd = true;
    this.#wanted = null;
    this.#list.classList.toggle('private', chat?.kind === 'private');
    this.#unreadAfter = chat && chat.unread > 0 ? chat.read : null;
    this.#seeksUnread = this.#unreadAfter !== null && (chat?.unread ?? 0) <= MOST_SOUGHT;
  }

  /** @param {import('./chats.js').Chat} chat */
  #draw(chat) {
    const rows = rowsOf(this.#store, {
      chat: chat.id,
      items: this.#window.items,
      before: this.#window.previous,
      withWrites: this.#window.isAtTail,
      unreadAfter: this.#reachesUnread ? this.#unreadAfter : null,
    });
    const names = new Map(this.#store.membersOf(chat).map((id) => [this.#store.people.usernameOf(id).toLowerCase(), id]));
    const context = { ...this.#actions, store: this.#store, isGroup: chat.kind !== 'private', names };
    const change = () =>
      reconcile(this.#list, rows, {
        key: (row) => row.key,
        create: () => make('li'),
        update: (node, row) => showRow(node, row, context),
        version: this.#store.people.version,
      });
    if (this.#atEnd) {
      change();
      this.#scroll.toEnd();
    } else this.#scroll.around(change);
    this.#focus.setRows(rows);
  }

  /** @param {boolean} isLoadingSoon */
  #renderNote(isLoadingSoon) {
    const history = this.#history;
    const isLoading = history ? history.status === 'loading' : isLoadingSoon;
    const isFailed = history?.status === 'failed';
    const isEmpty = this.#list.childElementCount === 0;
    let words = '';
    if (isFailed) words = `The messages could not be loaded. ${errorWords(history.error)}`;
    else if (isLoading) words = isEmpty ? 'Loading messages…' : 'Loading earlier messages…';
    else if (isEmpty) words = 'No messages yet. Write the first one.';
    else if (history && !history.more && this.#window.before === 0) words = 'This is where the chat begins.';
    setText(this.#note, words);
    this.#note.classList.toggle('alone', isEmpty);
    this.#retry.hidden = !isFailed;
    this.#scroller.setAttribute('aria-busy', String(isLoading));
  }

  /** See to it that there is something to scroll to. */
  #fill() {
    const history = this.#history;
    if (this.#scroll.above < NEAR && this.#window.before > 0) {
      this.#window.extendUp();
      this.#actions.changed();
    } else if (this.#scroll.above < NEAR && this.#window.before === 0 && history?.more && history.status === 'ready') {
      this.#actions.earlier();
    } else if (this.#scroll.below < NEAR && !this.#window.isAtTail) {
      this.#window.extendDown();
      this.#actions.changed();
    }
  }

  /** @param {number} seq */
  #goTo(seq) {
    const history = this.#history;
    if (!history || history.status === 'failed') this.#wanted = null;
    else if (history.get(seq)) {
      this.#wanted = null;
      this.#atEnd = false;
      this.#window.show(seq);
      setTimeout(() => this.#flash(seq));
    } else if (!history.more || (history.oldest ?? 0) < seq) this.#wanted = null;
    else this.#actions.earlier();
  }

  /** Read back to the line above the unread messages. @returns {boolean} whether it can be shown */
  #reachUnread() {
    const history = this.#history;
    const after = this.#unreadAfter ?? 0;
    if (history?.status === 'failed') this.#seeksUnread = false;
    if (history?.status !== 'ready') return false;
    if (!this.#reachesUnread) {
      this.#actions.earlier();
      return false;
    }
    this.#seeksUnread = false;
    const first = history.items.find(({ seq }) => seq > after);
    if (!first || !this.#window.show(first.seq)) return false;
    this.#atEnd = false;
    return true;
  }

  #showUnread() {
    const line = this.#list.querySelector(':scope > .unread');
    if (line) this.#scroll.toTop(line, ABOVE_UNREAD);
    this.#atEnd = this.#window.isAtTail && this.#scroll.isAtEnd;
    if (this.#atEnd) this.#scroll.toEnd();
  }

  /** @param {number} seq */
  #flash(seq) {
    const node = /** @type {HTMLElement|null} */ (this.#list.querySelector(`[data-seq="${seq}"]`));
    if (!node) return;
    node.scrollIntoView({ block: 'center' });
    node.focus({ preventScroll: true });
    node.classList.add('flash');
    setTimeout(() => node.classList.remove('flash'), FLASH_MS);
  }

  #scrolled() {
    const wasAtEnd = this.#atEnd;
    this.#atEnd = this.#window.isAtTail && this.#scroll.isAtEnd;
    if (wasAtEnd && !this.#atEnd) this.#leaveEnd();
    if (this.#atEnd !== wasAtEnd) this.#actions.changed();
    else this.#fill();
  }

  /** Who scrolls up has chosen a place to read at. */
  #leaveEnd() {
    this.#atEnd = false;
    this.#seeksUnread = false;
  }
}
