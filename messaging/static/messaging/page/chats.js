/**
 * The chats of the user, as the list shows them. No DOM and no network.
 */

import { fold } from './folding.js';

/**
 * @typedef {object} Chat
 * @property {number} id
 * @property {boolean} known whether its title and members were read
 * @property {string} kind
 * @property {string} title
 * @property {any[]} members up to 8
 * @property {number} memberCount
 * @property {number} head
 * @property {number} read the own marker
 * @property {number} unread
 * @property {number} mentions how many of the unread messages name the user
 * @property {number} countedTo events up to here are in `unread` and in the order of the list
 * @property {number} asOf title and members are those of this `seq`
 * @property {number} rank higher is more recent
 * @property {any} last the last message, folded
 */

export class Chats {
  /** @type {any} The id of the user. */
  me = null;
  /** @type {Map<number, Chat>} */
  #chats = new Map();
  #rank = 0;
  #lowRank = 0;

  clear() {
    this.me = null;
    this.#chats.clear();
  }

  /** @returns {Chat[]} newest activity first */
  get sorted() {
    return [...this.#chats.values()].sort((a, b) => b.rank - a.rank);
  }

  get size() {
    return this.#chats.size;
  }

  get unread() {
    return this.sorted.reduce((sum, { unread }) => sum + unread, 0);
  }

  /** @param {number|null} id */
  get(id) {
    return id === null ? undefined : this.#chats.get(id);
  }

  /** @param {number} id */
  remove(id) {
    this.#chats.delete(id);
  }

  /** @param {any} ready @returns {number[]} the chats that the user is no longer in */
  begin(ready) {
    this.me = ready.user;
    const listed = new Set(ready.chats.map((/** @type {any} */ chat) => chat.chat));
    const gone = [...this.#chats.keys()].filter((id) => !listed.has(id));
    this.#rank = Math.max(this.#rank, ready.chats.length);
    ready.chats.forEach((/** @type {any} */ { chat: id, head, unread, mentions = 0, read = 0 }, /** @type {number} */ index) => {
      Object.assign(this.#open(id), { head, unread, mentions, read, countedTo: head, rank: this.#rank - index });
    });
    return gone;
  }

  /** @param {{chat: number, head: number, from: number}} joined */
  join({ chat: id, head, from }) {
    const counts = { unread: 0, mentions: 0, read: from - 1, countedTo: from - 1 };
    Object.assign(this.#open(id), { head, ...counts, rank: ++this.#rank });
    this.reset(id);
  }

  /** What was kept of a chat is void. @param {number} id */
  reset(id) {
    Object.assign(this.#open(id), { asOf: -1, last: null });
  }

  /** Take a chat as the API describes it. @param {any} details @param {boolean} isNew */
  describe(details, isNew) {
    const { head, unread, mentions = 0, read = 0 } = details;
    const fresh = { head, unread, mentions, read, countedTo: head };
    const chat = this.#chats.get(details.id) ?? Object.assign(this.#open(details.id), fresh, { rank: --this.#lowRank });
    if (isNew) chat.rank = ++this.#rank;
    const last = details.last_message;
    if (last && last.seq >= (chat.last?.seq ?? 0)) chat.last = last;
    // An answer that is older than the stream has nothing to say about title and members.
    if (chat.known && chat.asOf >= 0 && head < chat.head) return;
    chat.kind = details.kind;
    chat.title = details.title ?? '';
    chat.members = details.members ?? [];
    chat.memberCount = details.member_count ?? chat.members.length;
    chat.asOf = head;
    chat.known = true;
  }

  /** @param {any} event */
  apply(event) {
    const chat = this.#open(event.chat);
    const isMessage = event.type === 'message.created';
    chat.head = Math.max(chat.head, event.seq);
    if (event.seq > chat.countedTo) this.#count(chat, event);
    if (isMessage && event.seq > (chat.last?.seq ?? 0)) chat.last = event;
    else if (chat.last && event.target === chat.last.seq) chat.last = fold(chat.last, event, this.me);
    if (event.seq > chat.asOf && chat.known) this.#applyDetails(chat, event);
  }

  /** Everything up to `seq` was read. @param {number} id @param {number} seq */
  readUpTo(id, seq) {
    const chat = this.#chats.get(id);
    if (!chat) return;
    chat.read = Math.max(chat.read, seq);
    if (seq >= chat.head) Object.assign(chat, { unread: 0, mentions: 0 });
  }

  /** @param {Chat} chat @param {any} event */
  #count(chat, event) {
    chat.countedTo = event.seq;
    if (event.type !== 'message.created') return;
    chat.rank = ++this.#rank;
    // Sending moves the own marker.
    if (event.sender === this.me) Object.assign(chat, { unread: 0, mentions: 0, read: event.seq });
    else {
      chat.unread += 1;
      chat.mentions += event.mentions?.includes(this.me) ? 1 : 0;
    }
  }

  /** @param {Chat} chat @param {any} event */
  #applyDetails(chat, event) {
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

  /** @param {number} id @returns {Chat} */
  #open(id) {
    const chat = this.#chats.get(id) ?? {
      ...{ id, known: false, kind: 'group', title: '', members: [], memberCount: 0, last: null },
      ...{ head: 0, read: 0, unread: 0, mentions: 0, countedTo: 0, asOf: -1, rank: 0 },
    };
    this.#chats.set(id, chat);
    return chat;
  }
}
