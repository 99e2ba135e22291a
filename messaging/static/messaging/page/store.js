/**
 * What the page knows: chats, messages, people, and what is still to be sent. No DOM and no network.
 */

import { Chats } from './chats.js';
import { History } from './history.js';
import { Members } from './members.js';
import { People } from './people.js';
import { Typing } from './typing.js';
import { isNote } from './words.js';
import { Writes } from './writes.js';

// How many messages of a chat are kept that is not looked at, and of one whose newest messages are.
const KEPT_WHEN_CLOSED = 200;
const KEPT_WHEN_FOLLOWED = 2_000;

/** @typedef {import('./chats.js').Chat} Chat */
/** @typedef {import('../chat-client/connection.js').State} SocketState */

export class Store {
  chats = new Chats();
  people = new People();
  members = new Members();
  writes = new Writes();
  typing = new Typing(() => this.changed());
  /** @type {SocketState} */
  socket = { state: 'stopped', reason: 'idle' };
  /** @type {'new'|'loading'|'ready'|'failed'} */
  listStatus = 'new';
  /** @type {any} */
  listError = null;
  /** @type {Map<number, History>} Only of chats that were opened. */
  histories = new Map();
  /** Messages to be read anew. @type {{chat: number, seq: number}[]} */
  doubtful = [];
  /** Another number after `clear`: what was asked for before belongs to somebody else. */
  generation = 0;
  #onChange;

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  get me() {
    return this.chats.me;
  }

  changed() {
    this.#onChange();
  }

  /** Forget everything: somebody else may log in next. */
  clear() {
    this.generation += 1;
    this.listStatus = 'new';
    this.listError = null;
    this.doubtful = [];
    this.histories.clear();
    [this.chats, this.people, this.members, this.writes, this.typing].forEach((part) => part.clear());
    this.changed();
  }

  /** @param {SocketState} state */
  setSocket(state) {
    this.socket = state;
    if (state.state !== 'connected') {
      this.people.forgetPresence();
      this.typing.clear();
    }
    this.changed();
  }

  /** @param {any} ready */
  begin(ready) {
    this.chats.begin(ready).forEach((id) => this.remove(id));
    this.members.expire();
    // What could not be read without a connection, and what was: the stream will tell part of it once more.
    for (const [id, history] of this.histories) if (history.status === 'failed' || history.isOffline) this.histories.delete(id);
    this.changed();
  }

  /** @param {{chat: number, head: number, from: number}} joined */
  join(joined) {
    this.forget(joined.chat);
    this.chats.join(joined);
    this.changed();
  }

  /** What was kept of the messages of a chat is void. @param {number} id */
  forget(id) {
    this.histories.delete(id);
    this.members.forget(id);
    this.chats.reset(id);
    this.changed();
  }

  /** Begin to keep the messages of a chat. @param {number} id */
  openHistory(id) {
    const history = new History(this.me, (seq) => this.doubtful.push({ chat: id, seq }));
    history.isOffline = this.socket.state !== 'connected';
    this.histories.set(id, history);
    return history;
  }

  /** Keep less of the chats that are not looked at, and of one whose end is. @param {number|null} open @param {boolean} follows */
  trimHistories(open, follows) {
    for (const [id, history] of this.histories) {
      if (id !== open) history.trim(KEPT_WHEN_CLOSED);
      else if (follows) history.trim(KEPT_WHEN_FOLLOWED);
    }
  }

  /** @param {number} id */
  remove(id) {
    this.chats.remove(id);
    this.histories.delete(id);
    this.members.forget(id);
    this.changed();
  }

  /** Take a chat as the API describes it. @param {any} details @param {{isNew?: boolean}} [how] */
  describe(details, { isNew = false } = {}) {
    this.people.learn(details.members ?? []);
    this.chats.describe(details, isNew);
    this.changed();
  }

  /** @param {any} event */
  apply(event) {
    this.chats.apply(event);
    this.members.apply(event);
    // Who was a stranger among old messages may be known from now on.
    if (event.type === 'member.added') this.people.unlearn([event.user]);
    this.histories.get(event.chat)?.apply(event, event.type === 'message.created' || isNote(event.type));
    if (event.id && event.sender === this.me) this.writes.remove(event.id);
    if (event.type === 'message.created') this.typing.hear({ chat: event.chat, user: event.sender, on: false });
    this.changed();
  }

  /** @param {any} signal */
  hear(signal) {
    if (signal.type === 'typing') this.typing.hear(signal);
    else if (signal.type === 'presence') this.people.meet(signal);
    else if (signal.type !== 'read') return;
    else if (signal.user === this.me) this.chats.readUpTo(signal.chat, signal.seq);
    else this.members.read(signal.chat, signal.user, signal.seq);
    this.changed();
  }

  /** @param {any} id a user */
  nameOf(id) {
    return this.people.nameOf(id);
  }

  /** As many members of a chat as are known, by id. @param {Chat} chat @returns {any[]} */
  membersOf(chat) {
    const known = this.members.of(chat.id);
    return (known.length > 0 ? known : chat.members).map(({ id }) => id);
  }

  /** The other one of a private chat. @param {Chat} chat @returns {any} */
  otherOf(chat) {
    return chat.kind === 'private' ? (chat.members.find((member) => member.id !== this.me)?.id ?? null) : null;
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
