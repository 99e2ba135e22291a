/**
 * Tells the others that one is typing: again while one is, and once when one is no longer.
 */

// Below what the others believe without hearing more.
const AGAIN_MS = 3_500;
const IDLE_MS = 5_000;

export class TypingNotice {
  #tell;
  /** @type {number|null} */
  #chat = null;
  #toldAt = 0;
  #timer = 0;

  /** @param {(chat: number, on: boolean) => void} tell */
  constructor(tell) {
    this.#tell = tell;
  }

  /** @param {number} chat */
  typed(chat) {
    if (this.#chat !== null && this.#chat !== chat) this.stopped();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.stopped(), IDLE_MS);
    if (this.#chat === chat && Date.now() - this.#toldAt < AGAIN_MS) return;
    this.#chat = chat;
    this.#toldAt = Date.now();
    this.#tell(chat, true);
  }

  /** Nothing more is typed; `silently` where a message says so. @param {{silently?: boolean}} [how] */
  stopped({ silently = false } = {}) {
    clearTimeout(this.#timer);
    if (this.#chat !== null && !silently) this.#tell(this.#chat, false);
    this.#chat = null;
  }
}
