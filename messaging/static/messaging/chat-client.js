/**
 * The browser client of chat.v1: one WebSocket that carries every chat of one user, whatever the tabs. No DOM, no
 * dependencies. docs/client.md describes its calls and events.
 *
 *   ChatClient ─ calls ─▶ Dialog of the tab that leads ─ news ─▶ Replica of every tab ─ events ─▶ page
 */

import { Api } from './chat-client/api.js';
import { Dialog } from './chat-client/dialog.js';
import * as memory from './chat-client/memory.js';
import { Replica } from './chat-client/replica.js';
import { ApiError, Rest } from './chat-client/rest.js';
import { Team } from './chat-client/team.js';
import { cleanText, lengthOf, makeId } from './chat-client/text.js';
import { Wakeups } from './chat-client/wakeups.js';
import { Writes } from './chat-client/writes.js';

export { ApiError, cleanText, lengthOf, makeId };

// An answer to the log-out is not worth a longer wait: this side signs out all the same.
const LOGOUT_WITHIN_MS = 3_000;

/** @typedef {import('./chat-client/outbox.js').Command} Command */
/** @typedef {import('./chat-client/rest.js').Session} Session */

/** One user's connection to all their chats. */
export class ChatClient extends EventTarget {
  /** Everything that goes over HTTP. */
  api;
  #rest;
  #replica = new Replica((type, detail) => this.#emit(type, detail));
  #writes = new Writes();
  #team;
  #wakeups;
  /** @type {any[]|null} Whose presence the page wants to hear of. */
  #watched = null;
  /** @type {string|null} Whose streams and writes are kept. */
  #keptFor = null;
  /** @type {Session|null} */
  #remembered = null;
  #base;

  /**
   * @param {{base?: string, session?: Session|null, cookie?: boolean, deviceFor?: (username: string) => string,
   *          share?: boolean, events?: EventTarget|null}} [options] see docs/client.md
   */
  constructor({
    base = globalThis.location?.origin,
    cookie = base === globalThis.location?.origin,
    session = cookie ? memory.recallSession() : null,
    deviceFor = memory.deviceFor,
    share = true,
    events = 'addEventListener' in globalThis ? /** @type {any} */ (globalThis) : null,
  } = {}) {
    super();
    this.#base = base;
    this.#remembered = session;
    this.#rest = new Rest({ base, session, cookie, onSession: (next) => this.#sessionChanged(next) });
    this.api = new Api(this.#rest);
    this.#keptFor = session?.username ?? null;
    this.#team = new Team({
      replica: this.#replica,
      writes: this.#writes,
      share,
      makeDialog: (tell) => this.#makeDialog(deviceFor, tell),
      onRole: (leads) => this.#emit('role', { leads }),
    });
    this.#wakeups = new Wakeups({ events, wake: () => this.wake(), sleep: () => this.sleep() });
    memory.watchSession(events, (other) => this.#signedInElsewhere(other));
  }

  get session() {
    return this.#rest.session;
  }

  get state() {
    return this.#replica.state;
  }

  /** @returns {any} the id of the user, known from the first `ready` on */
  get user() {
    return this.#replica.user;
  }

  /** Whether the socket is in this tab. */
  get leads() {
    return this.#team.leads;
  }

  /** Writes of all tabs that have no final answer yet, in order. */
  get unanswered() {
    return this.#replica.outbox.commands;
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
    const { session } = this;
    // The other tabs hear of it before one of them takes the lead from us.
    if (session) memory.forgetSession(session);
    this.close();
    const told = this.#rest.logout().catch(() => {});
    await Promise.race([told, new Promise((resolve) => setTimeout(resolve, LOGOUT_WITHIN_MS))]);
    if (session) await this.#writes.clear(this.#keyOf(session.username));
    this.#forget();
    if (this.session) this.#rest.end();
  }

  /** Connect, and stay connected. */
  connect() {
    this.#open(false);
  }

  /** Connect, and put an end to the connection of another device: the person said so. */
  take() {
    this.#open(true);
  }

  /** Let go of the socket; the session stays, and so do the writes. */
  close() {
    this.#wakeups.stop();
    this.#team.leave();
    this.#replica.take({ type: 'state', detail: { state: 'stopped', reason: this.session ? 'idle' : 'signed_out' } });
  }

  /** The network is back, or the page is looked at again. */
  wake() {
    this.#team.wake();
  }

  /** The network is gone. */
  sleep() {
    this.#team.sleep();
  }

  /**
   * Send a message now, or as soon as there is a connection.
   * @param {number} chat
   * @param {string} text
   * @param {{reply_to?: number, attachments?: any[]}} [more]
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

  /**
   * Put any write of the protocol into the outbox; with the `id` of one that was refused it is that one, tried again.
   * @param {{type: string, chat: number, id?: string, [field: string]: any}} command
   * @returns {Command}
   */
  write(command) {
    if (this.#keptFor === null) throw new Error('nobody is signed in');
    const { outbox } = this.#replica;
    if (outbox.isFull) throw new RangeError('outbox_full');
    /** @type {Command} */
    const complete = { ...command, id: command.id ?? makeId() };
    if (outbox.add(complete, { isStored: false })) this.#team.store(this.#keyOf(this.#keptFor), complete);
    return complete;
  }

  /** Say that everything up to `seq` was read. @param {number} chat @param {number} seq */
  read(chat, seq) {
    this.#team.ask('read', chat, seq);
  }

  /** Say that the person types, or stopped. @param {number} chat */
  typing(chat, on = true) {
    this.#team.ask('typing', chat, on);
  }

  /** Hear who of these comes and goes, and how they are now; in place of those before. @param {any[]} users */
  watchPresence(users) {
    this.#watched = users;
    this.#team.ask('watch', users);
  }

  /** Folded messages, over the socket. @param {number} chat @param {{before?: number, limit?: number}} [range] */
  history(chat, range = {}) {
    return this.#team.question({ type: 'history', chat, ...range });
  }

  /** The log, over the socket. @param {number} chat @param {number} after @param {number} [limit] */
  sync(chat, after, limit = 200) {
    return this.#team.question({ type: 'sync', chat, after, limit });
  }

  /** @param {boolean} take */
  #open(take) {
    const { session } = this;
    if (!session) throw new Error('nobody is signed in');
    if (this.state.state === 'stopped') this.#replica.take({ type: 'state', detail: { state: 'connecting' } });
    this.#wakeups.start();
    this.#team.open({ key: this.#keyOf(session.username), take });
  }

  /** @param {(username: string) => string} deviceFor @param {(type: string, detail: any) => void} tell */
  #makeDialog(deviceFor, tell) {
    const device = () => deviceFor(this.session?.username ?? '');
    return new Dialog({ rest: this.#rest, base: this.#base, device, replica: this.#replica, tell });
  }

  /** Under what the tabs of a user meet and their writes are kept. @param {string} username */
  #keyOf(username) {
    return `${username} ${this.#base}`;
  }

  /** @param {Session|null} session */
  #sessionChanged(session) {
    if (session && session.refresh === undefined) memory.rememberSession(session);
    else if (this.#remembered) memory.forgetSession(this.#remembered);
    this.#remembered = session;
    if (!session) this.close();
    // Somebody who was signed out and comes back finds what was not sent; somebody else does not.
    else if (session.username !== this.#keptFor) {
      this.#team.leave();
      this.#forget();
      this.#keptFor = session.username;
    }
    this.#emit('session', { session });
  }

  /** Another tab signed in, or out, and all tabs have one cookie. @param {Session|null} other */
  #signedInElsewhere(other) {
    const { session } = this;
    if (!session || session.refresh !== undefined || other?.user === session.user) return;
    this.#forget();
    this.#rest.end();
  }

  #forget() {
    this.#replica.forget();
    this.#watched = null;
  }

  /** @param {string} type @param {any} detail */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
    // A connection begins without a list of people.
    if (type === 'ready' && this.#watched) this.#team.ask('watch', this.#watched);
  }
}
