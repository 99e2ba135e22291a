/**
 * The browser client of chat.v1: one WebSocket that carries every chat of one user. No DOM, no dependencies.
 *
 * It signs in, keeps the socket open, keeps a place in the stream of every chat, and keeps every write until the server
 * has given its final answer. What happens is told as events; `event.detail` is:
 *
 *   session   the session to be kept for the next start, or null: signed out; `spent` is the refresh token it replaces
 *   state     {state, reason?, until?} of the one socket, see `Connection`
 *   ready     the `ready` frame: who I am, which chats there are, how much is unread
 *   caught_up everything that happened before `ready` has been told
 *   reset     {chat}: forget what was kept of this chat and read its history
 *   joined    {chat, head, from}: a chat that is new to us; its history is to be read
 *   dropped   {chat}: we are no longer in this chat
 *   event     the next event of a chat, each exactly once and in order, our own writes included (these with their `id`)
 *   settled   {command, seq?, at?, error?}: the final answer to a write; an accepted one was told as an event before,
 *             now or on an earlier connection
 *   signal    read, typing, presence, app.*: not stored, not ordered
 */

import { Api } from './chat-client/api.js';
import { Connection } from './chat-client/connection.js';
import { eventOf, isEvent } from './chat-client/frames.js';
import { Outbox } from './chat-client/outbox.js';
import { Renewal } from './chat-client/renewal.js';
import { ApiError, Rest } from './chat-client/rest.js';
import { Streams } from './chat-client/streams.js';
import { cleanText, lengthOf, makeId } from './chat-client/text.js';

export { ApiError, cleanText, lengthOf, makeId };

// What a `ready` that does not tell its limits would say.
const DEFAULT_BURST = 40;
// The server answers a write within 30 s or ends the connection; a socket that did neither is dead.
const ANSWER_WITHIN_MS = 40_000;
const HELLO_RETRY_MS = 1_000;
// An answer to the log-out is not worth a longer wait: this side signs out all the same.
const LOGOUT_WITHIN_MS = 3_000;

/** @typedef {import('./chat-client/outbox.js').Command} Command */
/** @typedef {import('./chat-client/outbox.js').Entry} Entry */
/** @typedef {import('./chat-client/rest.js').Session} Session */

/** One user's connection to all their chats. */
export class ChatClient extends EventTarget {
  /** @type {any} The id of the user, from the first `ready` on. */
  user = null;
  /** Everything that goes over HTTP. */
  api;
  #rest;
  #connection;
  #renewal;
  #streams = new Streams();
  #outbox = new Outbox();
  #burst = DEFAULT_BURST;
  /** @type {string|null} Whose streams and writes are kept. */
  #keptFor = null;
  #helloId = '';
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #helloTimer;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #outboxTimer;

  /**
   * @param {{base?: string, session?: Session|null, deviceFor: (username: string) => string}} options
   *   `deviceFor` gives the id of this installation for a user: the same every time, 1–64 of [A-Za-z0-9._-]
   */
  constructor({ base = globalThis.location.origin, session = null, deviceFor }) {
    super();
    this.#rest = new Rest({ base, session, onSession: (next, spent) => this.#sessionChanged(next, spent) });
    this.#keptFor = session?.username ?? null;
    this.#connection = new Connection({
      rest: this.#rest,
      base,
      device: () => deviceFor(this.session?.username ?? ''),
      onOpen: () => this.#hello(),
      onFrame: (frame) => this.#receive(frame),
      onState: (state) => this.#stateChanged(state),
      isStuck: () => this.#outbox.hasUnansweredSince(Date.now() - ANSWER_WITHIN_MS),
    });
    this.#renewal = new Renewal(this.#rest, (frame) => this.#connection.send(frame));
    this.api = new Api(this.#rest);
  }

  get session() {
    return this.#rest.session;
  }

  get state() {
    return this.#connection.state;
  }

  /** @param {string} username @param {string} password */
  async login(username, password) {
    await this.#rest.login(username, password);
  }

  /** Make an account and sign in with it. @param {string} username @param {string} password */
  async signUp(username, password) {
    await this.#rest.ask('POST', '/api/users/', { username, password });
    await this.login(username, password);
  }

  /** Sign out of this session; what was not sent is forgotten. */
  async logout() {
    this.#connection.stop('stopped', 'signed_out');
    const body = () => ({ refresh: this.session?.refresh });
    const told = this.#rest.call('POST', '/api/users/logout/', body).catch(() => {});
    await Promise.race([told, new Promise((resolve) => setTimeout(resolve, LOGOUT_WITHIN_MS))]);
    this.#forget();
    if (this.session) this.#rest.end();
  }

  /** Another tab of this session has spent our refresh token. @param {string} spent @param {string} next */
  adoptRefresh(spent, next) {
    this.#rest.adopt(spent, next);
  }

  /** Connect, and stay connected. @param {{take?: boolean}} [options] `take`: put an end to the other device's */
  connect(options) {
    this.#connection.open(options);
  }

  /** To be called when the network is back, and when the page is looked at again. */
  wake() {
    this.#connection.wake();
  }

  /** To be called when the network is gone. */
  sleep() {
    this.#connection.sleep();
  }

  /** Writes that have no final answer yet, in order. */
  get unanswered() {
    return this.#outbox.commands;
  }

  /**
   * Send a message now, or as soon as there is a connection.
   * @param {number} chat
   * @param {string} text
   * @param {{reply_to?: number}} [more]
   * @returns {Command} with the `id` that its event and its `settled` will carry
   */
  sendMessage(chat, text, more = {}) {
    return this.write({ type: 'message.send', chat, text: cleanText(text), ...more });
  }

  /** @param {number} chat @param {number} seq @param {string} text */
  editMessage(chat, seq, text) {
    return this.write({ type: 'message.edit', chat, seq, text: cleanText(text) });
  }

  /** @param {number} chat @param {number} seq */
  deleteMessage(chat, seq) {
    return this.write({ type: 'message.delete', chat, seq });
  }

  /** @param {number} chat @param {number} seq @param {string} emoji */
  react(chat, seq, emoji, on = true) {
    return this.write({ type: 'reaction.set', chat, seq, emoji, on });
  }

  /** Connect, and put an end to the other device's connection: the person said so. */
  take() {
    this.connect({ take: true });
  }

  /** Say that everything up to `seq` was read. @param {number} chat @param {number} seq */
  read(chat, seq) {
    this.#connection.send({ type: 'read', chat, seq });
  }

  /** Say that the person types, or stopped. @param {number} chat */
  typing(chat, on = true) {
    this.#connection.send({ type: 'typing', chat, on });
  }

  /**
   * Put any write of the protocol into the outbox; with the `id` of one that was refused it is that one, tried again.
   * @param {{type: string, chat: number, id?: string, [field: string]: any}} command
   * @returns {Command}
   */
  write(command) {
    /** @type {Command} */
    const complete = { ...command, id: command.id ?? makeId() };
    this.#outbox.add(complete);
    this.#flush();
    return complete;
  }

  #hello() {
    this.#helloId = makeId();
    this.#connection.expectReady();
    this.#connection.send({ type: 'hello', id: this.#helloId, ...this.#streams.resume() });
  }

  /** @param {any} frame */
  #receive(frame) {
    if (frame.type === 'ready') this.#begin(frame);
    else if (frame.type === 'ack' || frame.type === 'error') this.#answered(frame);
    else if (frame.type === 'chat.joined') {
      this.#streams.join(frame.chat, frame.from);
      this.#emit('joined', frame);
    } else if (frame.type === 'caught_up') this.#emit('caught_up', frame);
    else if (isEvent(frame)) this.#event(frame);
    else if (frame.chat === undefined || this.#streams.has(frame.chat)) this.#emit('signal', frame);
  }

  /** @param {any} ready */
  #begin(ready) {
    this.user = ready.user;
    this.#burst = ready.limits?.burst ?? DEFAULT_BURST;
    const { dropped, reset } = this.#streams.begin(ready.epoch, ready.chats);
    // Before anybody hears that we are connected, for that one may write.
    this.#outbox.recall();
    this.#connection.becomeReady();
    this.#emit('ready', ready);
    dropped.forEach((chat) => this.#emit('dropped', { chat }));
    reset.forEach((chat) => this.#emit('reset', { chat }));
    this.#renewal.start(ready);
    this.#flush();
  }

  /** @param {any} event */
  #event(event) {
    const judgement = this.#streams.judge(event.chat, event.seq);
    if (judgement === 'hole') {
      this.#broken(event);
      return;
    }
    if (judgement === 'next') {
      this.#streams.advance(event.chat, event.seq);
      this.#emit('event', event);
    }
    // A write of an earlier connection shows up before we have sent it again: then there is no need to.
    const entry = event.sender === this.user && event.id && this.#outbox.find(event.chat, event.id);
    if (entry && entry.sentAt === null) this.#settle(entry, { seq: event.seq, at: event.at });
    if (event.type === 'member.removed' && event.user === this.user && judgement === 'next') {
      this.#streams.leave(event.chat);
      this.#emit('dropped', { chat: event.chat });
    }
  }

  /** @param {any} answer */
  #answered(answer) {
    if (answer.id === this.#helloId) this.#helloRefused(answer);
    else if (!this.#renewal.take(answer)) {
      const entry = this.#outbox.find(answer.chat, answer.id);
      if (entry) this.#writeAnswered(entry, answer);
    }
  }

  /** @param {Entry} entry @param {any} answer */
  #writeAnswered(entry, answer) {
    if (answer.type === 'error' && answer.retry) {
      this.#outbox.defer(entry, Date.now(), answer.retry_after);
    } else if (answer.type === 'error') {
      this.#settle(entry, { error: answer });
    } else {
      // The ack stands in the place of the event, unless it says that it stands outside of the stream.
      const inPlace = answer.seq !== undefined && !answer.duplicate;
      const judgement = inPlace ? this.#streams.judge(answer.chat, answer.seq) : 'none';
      if (judgement === 'hole') {
        this.#broken(answer);
        return;
      }
      if (judgement === 'next') {
        this.#streams.advance(answer.chat, answer.seq);
        this.#emit('event', eventOf(entry.command, answer, this.user));
      }
      this.#settle(entry, { seq: answer.seq, at: answer.at });
    }
    this.#flush();
  }

  /** @param {Entry} entry @param {{seq?: number, at?: string, error?: any}} outcome */
  #settle(entry, outcome) {
    this.#outbox.remove(entry);
    this.#emit('settled', { command: entry.command, ...outcome });
  }

  /** @param {any} error */
  #helloRefused(error) {
    if (error.retry) {
      const wait = (error.retry_after ?? 0) * 1000 || HELLO_RETRY_MS;
      this.#helloTimer = setTimeout(() => this.#hello(), wait);
    } else if ('epoch' in this.#streams.resume()) {
      // What we said about the past was not understood: without it there is nothing left to refuse.
      this.#streams.forget();
      this.#hello();
    } else this.#connection.lose();
  }

  /** The server broke the contract of the stream; what was applied is right: resume there. @param {any} frame */
  #broken(frame) {
    console.warn('hole in the stream of chat %d before seq %d', frame.chat, frame.seq);
    this.#connection.lose();
  }

  #flush() {
    if (!this.#connection.isReady) return;
    const { send, wakeIn } = this.#outbox.take(Date.now(), this.#burst);
    send.forEach((command) => this.#connection.send(command));
    clearTimeout(this.#outboxTimer);
    if (wakeIn !== null) this.#outboxTimer = setTimeout(() => this.#flush(), wakeIn);
  }

  /** @param {import('./chat-client/connection.js').State} state */
  #stateChanged(state) {
    if (state.state !== 'connected') {
      clearTimeout(this.#helloTimer);
      clearTimeout(this.#outboxTimer);
      this.#renewal.stop();
    }
    this.#emit('state', state);
  }

  /** @param {Session|null} session @param {string|null} spent */
  #sessionChanged(session, spent) {
    if (!session) this.#connection.stop('stopped', 'signed_out');
    // Somebody who was signed out and comes back finds what was not sent; somebody else does not.
    else if (session.username !== this.#keptFor) {
      this.#forget();
      this.#keptFor = session.username;
    }
    this.#emit('session', { session, spent });
  }

  #forget() {
    this.#streams.forget();
    this.#outbox.clear();
    this.user = null;
  }

  /** @param {string} type @param {any} detail */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
