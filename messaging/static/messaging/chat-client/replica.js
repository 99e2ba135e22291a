/**
 * What one tab keeps of its user: the place in each stream, the unanswered writes, the state of the socket. Every tab is
 * told the same news by the tab that leads, and tells its page each of it once. No I/O.
 */

import { Outbox } from './outbox.js';
import { Roster } from './roster.js';
import { Streams } from './streams.js';

/** @typedef {import('./connection.js').State} State */
/** @typedef {{type: string, detail: any}} News */

export class Replica {
  /** @type {any} The id of the user, from the first `ready` on. */
  user = null;
  /** @type {State} */
  state = { state: 'stopped', reason: 'idle' };
  streams = new Streams();
  outbox = new Outbox();
  #roster = new Roster();
  #isCaughtUp = false;
  #emit;

  /** @param {(type: string, detail: any) => void} emit */
  constructor(emit) {
    this.#emit = emit;
  }

  /** Take what happened, and tell the page. @param {News} news */
  take({ type, detail }) {
    if (type === 'state') this.#state(detail);
    else if (type === 'ready') this.#begin(detail);
    else if (type === 'event') this.#event(detail);
    else if (type === 'unanswered') this.#unanswered(detail);
    else {
      if (type === 'caught_up') this.#isCaughtUp = true;
      if (type === 'settled') this.outbox.remove(detail.command);
      if (type === 'joined') this.#join(detail);
      if (type === 'signal' && detail.type === 'read' && detail.user === this.user) this.#roster.read(detail);
      this.#emit(type, detail);
    }
  }

  /** What a tab is told that joins now. @returns {News[]} */
  catchUp() {
    const ready = this.#roster.show((chat) => this.streams.place(chat));
    return [
      ...this.outbox.commands.map((command) => ({ type: 'unanswered', detail: { command } })),
      { type: 'state', detail: this.state },
      ...(ready ? [{ type: 'ready', detail: ready }] : []),
      ...(ready && this.#isCaughtUp ? [{ type: 'caught_up', detail: { type: 'caught_up' } }] : []),
    ];
  }

  /** Somebody else may be next. */
  forget() {
    this.streams.forget();
    this.outbox.clear();
    this.#roster.clear();
    this.user = null;
  }

  /** @param {State} state */
  #state(state) {
    const { state: name, reason, until } = this.state;
    if (name === state.state && reason === state.reason && until === state.until) return;
    this.state = state;
    this.#emit('state', state);
  }

  /** @param {any} ready */
  #begin(ready) {
    this.user = ready.user;
    this.#isCaughtUp = false;
    this.#roster.begin(ready);
    const { dropped, reset } = this.streams.begin(ready.epoch, ready.chats);
    this.#emit('ready', ready);
    dropped.forEach((chat) => this.#emit('dropped', { chat }));
    reset.forEach((chat) => this.#emit('reset', { chat }));
  }

  /** @param {any} joined */
  #join(joined) {
    this.streams.join(joined.chat, joined.from);
    this.#roster.join(joined);
  }

  /** @param {any} event */
  #event(event) {
    const judgement = this.streams.judge(event.chat, event.seq);
    if (judgement === 'old') return;
    // The tab that leads lets no hole through, so it is ours: we were not told what the tab that led before was.
    if (judgement === 'hole') {
      this.streams.join(event.chat, event.seq);
      this.#emit('reset', { chat: event.chat });
    }
    this.streams.advance(event.chat, event.seq);
    this.#roster.apply(event);
    this.#emit('event', event);
    if (event.type === 'member.removed' && event.user === this.user) this.#leave(event.chat);
  }

  /** @param {number} chat */
  #leave(chat) {
    this.streams.leave(chat);
    this.#roster.leave(chat);
    this.#emit('dropped', { chat });
  }

  /** @param {{command: import('./outbox.js').Command}} detail */
  #unanswered({ command }) {
    if (this.outbox.add(command, { isStored: true })) this.#emit('unanswered', { command });
  }
}
