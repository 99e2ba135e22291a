/**
 * The one WebSocket: ticket, handshake, when to try again, and when to stop. It knows nothing of chats.
 */

import { ApiError } from './rest.js';
import { makeId } from './text.js';

const PROTOCOL = 'chat.v1';
// Full jitter: each wait is drawn from 0 … min(MAX, FIRST × 2^n).
const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 30_000;
// A connection that lived this long was a good one: the next failure starts the back-off anew.
const STEADY_MS = 10_000;
// From the handshake to `ready`, with room for the server's 10 s hello timeout.
const READY_WITHIN_MS = 20_000;
// A page cannot see the pings of the socket, and a lost network says nothing: after a silence we ask.
const SILENCE_MS = 20_000;
const PROBE_MS = 10_000;
const WAKE_PROBE_MS = 4_000;
const TICK_MS = 1_000;

/** @typedef {'connecting'|'connected'|'waiting'|'offline'|'elsewhere'|'stopped'} StateName */
/** @typedef {{state: StateName, reason?: string, until?: number}} State `until`: when the next attempt starts */

export class Connection {
  /** @type {State} */
  state = { state: 'stopped', reason: 'idle' };
  /** @type {WebSocket|null} Only the newest socket counts. */
  #socket = null;
  /** Numbers the attempts, so that the answers to an abandoned one are ignored. */
  #run = 0;
  #failures = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer;
  /** @type {ReturnType<typeof setInterval>|undefined} */
  #watch;
  /** The person chose this device over the other one; true until that has worked. */
  #take = false;
  /** The server asked not to be called before this time. */
  #notBefore = 0;
  #readyAt = 0;
  #helloAt = 0;
  #heardAt = 0;
  /** @type {number|null} */
  #probeEndsAt = null;
  #options;

  /**
   * @param {{rest: import('./rest.js').Rest, base: string, device: () => string, onOpen: () => void,
   *          onFrame: (frame: any) => void, onState: (state: State) => void, isStuck: () => boolean,
   *          onWire: (direction: 'in'|'out', frame: any) => void}} options `onWire`: hears every frame, before all else
   */
  constructor(options) {
    this.#options = options;
  }

  get isReady() {
    return this.state.state === 'connected';
  }

  /** @param {{take?: boolean}} [options] */
  open({ take = false } = {}) {
    this.#take = take;
    this.#failures = 0;
    this.#attempt();
  }

  /**
   * Close and stay closed.
   * @param {StateName} state
   * @param {string} reason
   */
  stop(state, reason) {
    this.#release();
    this.#set({ state, reason });
  }

  /** The hello was answered. */
  becomeReady() {
    this.#readyAt = Date.now();
    this.#take = false;
    this.#set({ state: 'connected' });
  }

  /** A hello was sent: its time for an answer starts now. */
  expectReady() {
    this.#helloAt = Date.now();
  }

  /** The page is looked at again, or the network is back. */
  wake() {
    if (['waiting', 'offline'].includes(this.state.state)) this.#wait(Math.max(0, this.#notBefore - Date.now()));
    else if (this.isReady) this.#probe(WAKE_PROBE_MS);
  }

  /** The network is gone, as far as the browser can tell. */
  sleep() {
    if (['connecting', 'connected', 'waiting'].includes(this.state.state)) this.lose();
  }

  /** Give up this socket, which is dead or breaks the contract, and try anew. */
  lose() {
    this.#closed(1006);
  }

  /** @param {object} frame */
  send(frame) {
    // Between the loss and our learning of it the browser drops what is sent; the outbox outlives that.
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify(frame));
    this.#options.onWire('out', frame);
  }

  /** @param {State} state */
  #set(state) {
    this.state = state;
    this.#options.onState(state);
  }

  async #attempt() {
    this.#release();
    const run = this.#run;
    this.#set({ state: 'connecting' });
    try {
      const query = new URLSearchParams({ device: this.#options.device() });
      if (this.#take) query.set('take', '1');
      const ticket = await this.#options.rest.call('GET', `/api/ws-ticket/?${query}`);
      if (run === this.#run) this.#dial(ticket.path);
    } catch (error) {
      if (run === this.#run) this.#refused(error);
    }
  }

  /** @param {string} path */
  #dial(path) {
    const url = new URL(path, this.#options.base);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url, [PROTOCOL, `bearer.${this.#options.rest.access}`]);
    socket.onopen = () => this.#options.onOpen();
    socket.onmessage = (message) => this.#heard(message.data);
    socket.onclose = (event) => this.#closed(event.code);
    this.#socket = socket;
    this.#heardAt = Date.now();
    this.expectReady();
    this.#watch = setInterval(() => this.#tick(), TICK_MS);
  }

  /** The ticket was refused. @param {unknown} error */
  #refused(error) {
    if (!(error instanceof ApiError)) console.error(error);
    const { status = 0, retryAfter = null } = error instanceof ApiError ? error : {};
    if (status === 409) this.stop('elsewhere', 'already_connected');
    else if (retryAfter !== null) this.#wait(this.#obey(retryAfter));
    else this.#wait(this.#backOff());
  }

  /** @param {string} data */
  #heard(data) {
    this.#heardAt = Date.now();
    this.#probeEndsAt = null;
    const frame = JSON.parse(data);
    this.#options.onWire('in', frame);
    // `bye` says what the close frame behind it will say, and how long to wait: there is nothing to wait for.
    if (frame.type === 'bye') this.#closed(frame.code, frame.retry_after);
    else this.#options.onFrame(frame);
  }

  /**
   * The hundreds digit is the whole rule.
   * @param {number} code
   * @param {number|null} [retryAfter] seconds
   */
  #closed(code, retryAfter = null) {
    if (this.#readyAt && Date.now() - this.#readyAt > STEADY_MS) this.#failures = 0;
    this.#release();
    const least = retryAfter === null ? 0 : this.#obey(retryAfter);
    const rule = Math.floor(code / 100);
    if (rule === 44) this.stop(code === 4409 ? 'elsewhere' : 'stopped', code === 4409 ? 'replaced' : 'disabled');
    else if (rule === 41) this.#wait(least || Math.random() * FIRST_WAIT_MS);
    else if (rule === 43) {
      this.#options.rest.forgetAccess();
      // At once, but not for ever: a token that is never good enough must not make a storm.
      this.#wait(this.#failures++ === 0 ? 0 : this.#backOff());
    } else this.#wait(Math.max(least, this.#backOff()));
  }

  /**
   * Wait at least what the server asks for, and let not everybody come back in the same moment.
   * @param {number} seconds
   */
  #obey(seconds) {
    const wait = seconds * 1000 * (1 + Math.random() / 2);
    this.#notBefore = Date.now() + wait;
    return wait;
  }

  #backOff() {
    return Math.random() * Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures++);
  }

  /** @param {number} wait milliseconds */
  #wait(wait) {
    this.#release();
    if (wait === 0) {
      this.#attempt();
      return;
    }
    // A browser that says it is offline may still reach a server on the same machine, so the timer runs all the same.
    const offline = globalThis.navigator?.onLine === false;
    this.#timer = setTimeout(() => this.#attempt(), wait);
    this.#set({ state: offline ? 'offline' : 'waiting', until: Date.now() + wait });
  }

  #tick() {
    const now = Date.now();
    if (!this.isReady) {
      if (now - this.#helloAt > READY_WITHIN_MS) this.lose();
    } else if (this.#options.isStuck()) this.lose();
    else if (this.#probeEndsAt !== null) {
      if (now > this.#probeEndsAt) this.lose();
    } else if (now - this.#heardAt > SILENCE_MS) this.#probe(PROBE_MS);
  }

  /** @param {number} within milliseconds */
  #probe(within) {
    this.#probeEndsAt = Math.min(this.#probeEndsAt ?? Infinity, Date.now() + within);
    this.send({ type: 'ping', id: makeId() });
  }

  #release() {
    this.#run += 1;
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    this.#readyAt = 0;
    this.#probeEndsAt = null;
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = null;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
  }
}
