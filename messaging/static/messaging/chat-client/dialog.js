/**
 * What is said over the one socket, in the tab that leads: hello, the writes that are due, questions and their answers.
 * It reads what the tab keeps and changes nothing of it but when a write was sent: what happened is told as news.
 */

import { Connection } from './connection.js';
import { eventOf, isEvent } from './frames.js';
import { Questions, unreachable } from './questions.js';
import { Renewal } from './renewal.js';
import { makeId } from './text.js';
import { Watches } from './watches.js';

// What a `ready` that does not tell its limits would say.
const DEFAULT_BURST = 40;
// The server answers a command within 30 s or ends the connection; a socket that did neither is dead.
const ANSWER_WITHIN_MS = 40_000;
const HELLO_RETRY_MS = 1_000;

/** @typedef {import('./outbox.js').Entry} Entry */
/** @typedef {ReturnType<typeof setTimeout>|undefined} Timer */

export class Dialog {
  #replica;
  #tell;
  #connection;
  #renewal;
  #questions = new Questions();
  #watches = new Watches();
  /** @type {Map<number, number>} Read marks that wait for a connection. */
  #marks = new Map();
  #burst = DEFAULT_BURST;
  #helloId = '';
  /** @type {Timer} */
  #helloTimer;
  /** @type {Timer} */
  #outboxTimer;

  /**
   * @param {{rest: import('./rest.js').Rest, base: string, device: () => string,
   *          replica: import('./replica.js').Replica, tell: (type: string, detail: any) => void}} options
   */
  constructor({ rest, base, device, replica, tell }) {
    this.#replica = replica;
    this.#tell = tell;
    this.#connection = new Connection({
      rest,
      base,
      device,
      onOpen: () => this.#hello(),
      onFrame: (frame) => this.#receive(frame),
      onState: (state) => this.#stateChanged(state),
      onWire: (direction, frame) => this.#tell('frame', { direction, frame: withoutToken(frame), at: Date.now() }),
      isStuck: () => this.#isStuck(Date.now() - ANSWER_WITHIN_MS),
    });
    this.#renewal = new Renewal(rest, (frame) => this.#connection.send(frame));
  }

  /** Connect, and stay connected. @param {{take?: boolean}} [options] `take`: put an end to the other device's */
  open(options) {
    this.#connection.open(options);
  }

  wake() {
    this.#connection.wake();
  }

  sleep() {
    this.#connection.sleep();
  }

  /** End the connection; nothing is told any more. */
  close() {
    this.#tell = () => {};
    this.#connection.stop('stopped', 'idle');
    this.#replica.outbox.recall();
  }

  /** Send the writes that are due. */
  flush() {
    if (!this.#connection.isReady) return;
    const { send, wakeIn } = this.#replica.outbox.take(Date.now(), this.#burst);
    send.forEach((command) => this.#connection.send(command));
    clearTimeout(this.#outboxTimer);
    if (wakeIn !== null) this.#outboxTimer = setTimeout(() => this.flush(), wakeIn);
  }

  /** @param {number} chat @param {number} seq */
  read(chat, seq) {
    this.#marks.set(chat, Math.max(seq, this.#marks.get(chat) ?? 0));
    this.#mark();
  }

  /** @param {number} chat @param {boolean} on */
  typing(chat, on) {
    if (this.#connection.isReady) this.#connection.send({ type: 'typing', chat, on });
  }

  /** @param {string} tab @param {any[]} users */
  watch(tab, users) {
    if (!this.#connection.isReady) return;
    this.ask({ type: 'presence.watch', users: this.#watches.put(tab, users) }).then(
      ({ states }) => states.forEach((/** @type {any} */ state) => this.#tell('signal', { type: 'presence', ...state })),
      // The next `ready` has every tab ask anew.
      (error) => console.info('presence is not watched:', error.code),
    );
  }

  /** @param {{type: string, [field: string]: any}} question @returns {Promise<any>} rejects with an ApiError */
  ask(question) {
    if (!this.#connection.isReady) return Promise.reject(unreachable());
    return this.#questions.ask((frame) => this.#connection.send(frame), question);
  }

  #hello() {
    this.#helloId = makeId();
    this.#connection.expectReady();
    this.#connection.send({ type: 'hello', id: this.#helloId, ...this.#replica.streams.resume() });
  }

  /** @param {any} frame */
  #receive(frame) {
    if (frame.type === 'ready') this.#begin(frame);
    else if (frame.type === 'ack' || frame.type === 'error') this.#answered(frame);
    else if (frame.type === 'chat.joined') this.#tell('joined', frame);
    else if (frame.type === 'caught_up') this.#tell('caught_up', frame);
    else if (isEvent(frame)) this.#event(frame);
    else if (frame.chat === undefined || this.#replica.streams.has(frame.chat)) this.#tell('signal', frame);
  }

  /** @param {any} ready */
  #begin(ready) {
    this.#burst = ready.limits?.burst ?? DEFAULT_BURST;
    this.#watches.clear();
    // Before anybody hears that we are connected, for that one may write.
    this.#replica.outbox.recall();
    this.#connection.becomeReady();
    this.#tell('ready', ready);
    this.#renewal.start(ready);
    this.#mark();
    this.flush();
  }

  #mark() {
    if (!this.#connection.isReady) return;
    const { user } = this.#replica;
    this.#marks.forEach((seq, chat) => {
      this.#connection.send({ type: 'read', chat, seq });
      // The server tells the others of the chat, and not us: the other tabs hear of it from here.
      this.#tell('signal', { type: 'read', chat, user, seq });
    });
    this.#marks.clear();
  }

  /** @param {any} event */
  #event(event) {
    const { outbox, streams, user } = this.#replica;
    if (streams.judge(event.chat, event.seq) === 'hole') {
      this.#broken(event);
      return;
    }
    this.#tell('event', event);
    // A write of an earlier connection shows up before we have sent it again: then there is no need to.
    const entry = event.sender === user && event.id && outbox.find(event.chat, event.id);
    if (entry && entry.sentAt === null) this.#settle(entry, { seq: event.seq, at: event.at });
  }

  /** @param {any} answer */
  #answered(answer) {
    if (answer.id === this.#helloId) this.#helloRefused(answer);
    else if (!this.#renewal.take(answer) && !this.#questions.take(answer)) {
      const entry = this.#replica.outbox.find(answer.chat, answer.id);
      if (entry) this.#writeAnswered(entry, answer);
    }
  }

  /** @param {Entry} entry @param {any} answer */
  #writeAnswered(entry, answer) {
    if (answer.type === 'error' && answer.retry) {
      this.#replica.outbox.defer(entry, Date.now(), answer.retry_after);
    } else if (answer.type === 'error') {
      this.#settle(entry, { error: answer });
    } else {
      // The ack stands in the place of the event, unless it says that it stands outside of the stream.
      const inPlace = answer.seq !== undefined && !answer.duplicate;
      const judgement = inPlace ? this.#replica.streams.judge(answer.chat, answer.seq) : 'none';
      if (judgement === 'hole') {
        this.#broken(answer);
        return;
      }
      if (judgement === 'next') this.#tell('event', eventOf(entry.command, answer, this.#replica.user));
      this.#settle(entry, { seq: answer.seq, at: answer.at });
    }
    this.flush();
  }

  /** @param {Entry} entry @param {{seq?: number, at?: string, error?: any}} outcome */
  #settle(entry, outcome) {
    this.#tell('settled', { command: entry.command, ...outcome });
  }

  /** @param {any} error */
  #helloRefused(error) {
    const { streams } = this.#replica;
    if (error.retry) {
      const wait = (error.retry_after ?? 0) * 1000 || HELLO_RETRY_MS;
      this.#helloTimer = setTimeout(() => this.#hello(), wait);
    } else if ('epoch' in streams.resume()) {
      // What we said about the past was not understood: without it there is nothing left to refuse.
      streams.forget();
      this.#hello();
    } else this.#connection.lose();
  }

  /** The server broke the contract of the stream; what was applied is right: resume there. @param {any} frame */
  #broken(frame) {
    console.warn('hole in the stream of chat %d before seq %d', frame.chat, frame.seq);
    this.#connection.lose();
  }

  /** @param {number} since */
  #isStuck(since) {
    return this.#replica.outbox.hasUnansweredSince(since) || this.#questions.hasUnansweredSince(since);
  }

  /** @param {import('./connection.js').State} state */
  #stateChanged(state) {
    if (state.state !== 'connected') {
      clearTimeout(this.#helloTimer);
      clearTimeout(this.#outboxTimer);
      this.#renewal.stop();
      this.#questions.abandon();
    }
    this.#tell('state', state);
  }
}

/** What others may see of a frame. @param {any} frame */
function withoutToken(frame) {
  return frame.type === 'token.refresh' ? { ...frame, token: '…' } : frame;
}
