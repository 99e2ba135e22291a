/**
 * What the page knows: chats, messages, people, and what is still to be sent. No DOM and no network.
 */

import { History } from './history.js';
import { isNote } from './words.js';

// As many as fit on one page of the API; the next rendering asks for the others.
const NAMES_AT_ONCE = 50;

/**
 * @typedef {object} Chat
 * @property {number} id
 * @property {boolean} known whether its title and members were read
 * @property {string} kind
 * @property {string} title
 * @property {any[]} members up to 8
 * @property {number} memberCount
 * @property {number} head
 * @property {number} unread
 * @property {number} countedTo events up to here are in `unread` and in the order of the list
 * @property {number} asOf title and members are those of this `seq`
 * @property {number} rank higher is more recent
 * @property {any} last the last message, folded
 */

/** @typedef {{key: string, id: string, chat: number, text: string, error: string|null}} Pending */

export class Store {
  /** @type {any} The id of the user. */
  me = null;
  /** @type {Map<number, Chat>} */
  chats = new Map();
  /** @type {'new'|'loading'|'ready'|'failed'} */
  listStatus = 'new';
  /** @type {any} */
  listError = null;
  /** @type {Map<number, History>} Only of chats that were opened. */
  histories = new Map();
  /** @type {Pending[]} */
  pending = [];
  /** Another number after `clear`: what was asked for before belongs to somebody else. */
  generation = 0;
  /** @type {Map<any, string>} */
  #names = new Map();
  /** People whose name was asked for and is not known. @type {Set<any>} */
  #nameless = new Set();
  #rank = 0;
  #lowRank = 0;
  #onChange;

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  changed() {
    this.#onChange();
  }

  /** Forget everything: somebody else may log in next. */
  clear() {
    this.generation += 1;
    this.me = null;
    this.listStatus = 'new';
    this.listError = null;
    this.pending = [];
    [this.chats, this.histories, this.#names, this.#nameless].forEach((kept) => kept.clear());
    this.changed();
  }

  /** @returns {Chat[]} newest activity first */
  get sortedChats() {
    return [...this.chats.values()].sort((a, b) => b.rank - a.rank);
  }

  /** @param {any} ready */
  begin(ready) {
    this.me = ready.user;
    const listed = new Set(ready.chats.map((/** @type {any} */ chat) => chat.chat));
    for (const id of this.chats.keys()) if (!listed.has(id)) this.remove(id);
    this.#rank = ready.chats.length;
    ready.chats.forEach((/** @type {any} */ { chat: id, head, unread }, /** @type {number} */ index) => {
      Object.assign(this.#chat(id), { head, unread, countedTo: head, rank: this.#rank - index });
    });
    // With the connection comes another try for what could not be read without.
    for (const [id, history] of this.histories) if (history.status === 'failed') this.histories.delete(id);
    this.changed();
  }

  /** @param {{chat: number, head: number, from: number}} joined */
  join({ chat: id, head, from }) {
    this.forget(id);
    Object.assign(this.#chat(id), { head, unread: 0, countedTo: from - 1, rank: ++this.#rank });
    this.changed();
  }

  /** What was kept of the messages of a chat is void. @param {number} id */
  forget(id) {
    this.histories.delete(id);
    Object.assign(this.#chat(id), { asOf: -1, last: null });
    this.changed();
  }

  /** Begin to keep the messages of a chat. @param {number} id */
  openHistory(id) {
    const history = new History();
    this.histories.set(id, history);
    return history;
  }

  /** Keep less of the chats that are not looked at. @param {number|null} open */
  trimHistories(open) {
    for (const [id, history] of this.histories) if (id !== open) history.trim();
  }

  /** @param {number} id */
  remove(id) {
    this.chats.delete(id);
    this.histories.delete(id);
    this.changed();
  }

  /** Take a chat as the API describes it. @param {any} details @param {{isNew?: boolean}} [how] */
  describe(details, { isNew = false } = {}) {
    const rank = isNew ? ++this.#rank : --this.#lowRank;
    const fresh = { head: details.head, unread: details.unread, countedTo: details.head, rank };
    const chat = this.chats.get(details.id) ?? Object.assign(this.#chat(details.id), fresh);
    this.learnNames(details.members ?? []);
    const last = details.last_message;
    if (last && last.seq >= (chat.last?.seq ?? 0)) chat.last = last;
    // An answer that is older than the stream has nothing to say about title and members.
    if (chat.known && chat.asOf >= 0 && details.head < chat.head) return;
    chat.kind = details.kind;
    chat.title = details.title ?? '';
    chat.members = details.members ?? [];
    chat.memberCount = details.member_count ?? chat.members.length;
    chat.asOf = details.head;
    chat.known = true;
    this.changed();
  }

  /** @param {number} id @returns {Chat} */
  #chat(id) {
    const chat = this.chats.get(id) ?? {
      ...{ id, known: false, kind: 'group', title: '', members: [], memberCount: 0 },
      ...{ head: 0, unread: 0, countedTo: 0, asOf: -1, rank: 0, last: null },
    };
    this.chats.set(id, chat);
    return chat;
  }

  /** @param {any} event */
  apply(event) {
    const chat = this.#chat(event.chat);
    const message = event.type === 'message.created';
    chat.head = Math.max(chat.head, event.seq);
    if (event.seq > chat.countedTo) {
      chat.countedTo = event.seq;
      chat.rank = ++this.#rank;
      // Sending moves the own marker.
      if (message) chat.unread = event.sender === this.me ? 0 : chat.unread + 1;
    }
    if (message && event.seq > (chat.last?.seq ?? 0)) chat.last = event;
    else if (chat.last && event.target === chat.last.seq) chat.last = foldLast(chat.last, event);
    if (event.seq > chat.asOf) this.#applyDetails(chat, event);
    this.histories.get(event.chat)?.apply(event, message || isNote(event.type));
    if (message && event.id && event.sender === this.me) this.#unpend(event.id);
    this.changed();
  }

  /** @param {Chat} chat @param {any} event */
  #applyDetails(chat, event) {
    if (!chat.known) return;
    chat.asOf = event.seq;
    if (event.type === 'chat.updated') chat.title = event.title ?? '';
    if (event.type === 'member.added') {
      chat.memberCount += 1;
      chat.members = [...chat.members, { id: event.user }];
    }
    if (event.type === 'member.removed') {
      chat.memberCount -= 1;
      chat.members = chat.members.filter((member) => member.id !== event.user);
    }
  }

  /** Everything up to `seq` was read. @param {number} id @param {number} seq */
  readUpTo(id, seq) {
    const chat = this.chats.get(id);
    if (!chat || chat.unread === 0 || seq < chat.head) return;
    chat.unread = 0;
    this.changed();
  }

  /** @param {{id: string, chat: number, text?: string}} command */
  pend({ id, chat, text = '' }) {
    this.pending = [...this.pending, { key: `id-${id}`, id, chat, text, error: null }];
    this.changed();
  }

  /** @param {string} id @param {string|null} error in words; null: it is written */
  settle(id, error) {
    if (error === null) this.#unpend(id);
    else this.pending = this.pending.map((item) => (item.id === id ? { ...item, error } : item));
    this.changed();
  }

  /** @param {string} id */
  discard(id) {
    this.#unpend(id);
    this.changed();
  }

  /** @param {string} id */
  #unpend(id) {
    this.pending = this.pending.filter((item) => item.id !== id);
  }

  /** Is another object after names were learned. */
  namesVersion = {};

  /** @param {any} id */
  nameOf(id) {
    const name = this.#names.get(id);
    if (name === undefined && id !== null && id !== undefined) this.#nameless.add(id);
    return name ?? 'Somebody';
  }

  /** @param {{id: any, username?: string, display_name?: string}[]} people */
  learnNames(people) {
    for (const { id, username, display_name: display } of people) {
      const name = display || username;
      if (!name || this.#names.get(id) === name) continue;
      this.#names.set(id, name);
      this.namesVersion = {};
      this.changed();
    }
  }

  /** Take the ids of some people whose names are wanted; each is given out once. */
  takeNameless() {
    const ids = [...this.#nameless].filter((id) => !this.#names.has(id)).slice(0, NAMES_AT_ONCE);
    // Who has no name to be found stays somebody.
    ids.forEach((id) => this.#names.set(id, 'Somebody'));
    this.#nameless.clear();
    return ids;
  }

  /** These names could not be fetched: ask again when they are needed. @param {any[]} ids */
  unlearnNames(ids) {
    ids.forEach((id) => this.#names.delete(id));
  }

  /** @param {Chat} chat */
  titleOf(chat) {
    if (chat.title) return chat.title;
    if (!chat.known) return `Chat ${chat.id}`;
    const others = chat.members.filter((member) => member.id !== this.me);
    const more = chat.memberCount - chat.members.length;
    const names = others.map((member) => this.nameOf(member.id)).join(', ');
    if (!names) return 'Only you';
    return more > 0 ? `${names} and ${more} more` : names;
  }
}

/** @param {any} last @param {any} event */
function foldLast(last, event) {
  if (event.type === 'message.deleted') return { ...last, text: '', deleted: true };
  return event.type === 'message.edited' && !event.deleted ? { ...last, text: event.text } : last;
}
