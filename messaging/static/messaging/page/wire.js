/**
 * The drawer that shows what goes over the one socket: every frame, with the chat it is of.
 */

import { tintOf } from './avatar.js';
import { byId, make, setText } from './dom.js';
import { counted } from './words.js';

// More would be read by nobody.
const KEPT = 200;
const RENDER_AFTER_MS = 100;
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 });

/** @typedef {{direction: 'in'|'out', frame: any, at: number}} Told */

export class WireView {
  #drawer = byId('wire');
  #button = byId('wire-button');
  #list = byId('wire-frames');
  #pause = byId('wire-pause');
  /** @type {Told[]} newest last, those not drawn yet */
  #waiting = [];
  #count = { in: 0, out: 0 };
  #isPaused = false;
  #timer = 0;

  constructor() {
    this.#button.addEventListener('click', () => this.#toggle());
    byId('wire-close').addEventListener('click', () => {
      this.#toggle();
      this.#button.focus();
    });
    byId('wire-clear').addEventListener('click', () => this.#list.replaceChildren());
    this.#pause.addEventListener('click', () => {
      this.#isPaused = !this.#isPaused;
      setText(this.#pause, this.#isPaused ? 'Go on' : 'Pause');
      this.#drawSoon();
    });
    this.#drawer.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => event.key === 'Escape' && byId('wire-close').click());
  }

  /** @param {Told} told */
  hear(told) {
    this.#count[told.direction] += 1;
    this.#waiting.push(told);
    this.#waiting.splice(0, this.#waiting.length - KEPT);
    this.#drawSoon();
  }

  /**
   * @param {string} state of the socket
   * @param {boolean} isHere whether the socket is in this tab
   * @param {number} chats that it carries
   */
  show(state, isHere, chats) {
    const isOpen = state === 'connected';
    setText(byId('wire-chats'), String(chats));
    setText(byId('wire-sockets'), isOpen ? '1' : '0');
    setText(byId('wire-place'), isOpen && !isHere ? 'held by another tab of this browser' : '');
  }

  clear() {
    this.#waiting = [];
    this.#count = { in: 0, out: 0 };
    this.#list.replaceChildren();
    this.#draw();
  }

  #toggle() {
    const isOpen = this.#drawer.hidden;
    this.#drawer.hidden = !isOpen;
    this.#button.setAttribute('aria-expanded', String(isOpen));
    if (!isOpen) return;
    this.#draw();
    byId('wire-close').focus();
  }

  #drawSoon() {
    if (!this.#drawer.hidden) this.#timer ||= setTimeout(() => this.#draw(), RENDER_AFTER_MS);
  }

  #draw() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    setText(byId('wire-count'), `${counted(this.#count.in, 'frame')} in, ${this.#count.out.toLocaleString('en')} out`);
    if (this.#isPaused || this.#waiting.length === 0) return;
    this.#list.prepend(...this.#waiting.splice(0).reverse().map((told) => row(told)));
    while (this.#list.childElementCount > KEPT) this.#list.lastElementChild.remove();
  }
}

/** @param {Told} told */
function row({ direction, frame, at }) {
  const { type, chat, seq } = frame;
  return make(
    'li',
    { class: direction },
    make(
      'details',
      {},
      make(
        'summary',
        {},
        make('span', { class: 'wire-arrow', 'aria-hidden': 'true' }, direction === 'in' ? '↓' : '↑'),
        make('span', { class: 'visually-hidden' }, direction === 'in' ? 'received ' : 'sent '),
        make('span', { class: 'wire-type' }, String(type)),
        typeof chat === 'number' ? make('span', { class: `wire-chat ${tintOf(chat)}` }, `chat ${chat}`) : null,
        typeof seq === 'number' ? make('span', { class: 'muted' }, `#${seq}`) : null,
        make('time', { datetime: new Date(at).toISOString() }, CLOCK.format(at)),
      ),
      make('pre', { tabindex: '0' }, JSON.stringify(frame, null, 1)),
    ),
  );
}
