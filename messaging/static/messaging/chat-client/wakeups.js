/**
 * Hears from the browser that the network, or the person, is back.
 */

export class Wakeups {
  #events;
  /** @type {Record<string, (event: Event) => void>} */
  #handlers;

  /** @param {{events: EventTarget|null, wake: () => void, sleep: () => void}} options */
  constructor({ events, wake, sleep }) {
    this.#events = events;
    this.#handlers = {
      online: wake,
      offline: sleep,
      pageshow: wake,
      // It comes from the document, which knows.
      visibilitychange: ({ target }) => /** @type {any} */ (target)?.visibilityState !== 'hidden' && wake(),
    };
  }

  start() {
    this.stop();
    for (const [type, handle] of Object.entries(this.#handlers)) this.#events?.addEventListener(type, handle);
  }

  stop() {
    for (const [type, handle] of Object.entries(this.#handlers)) this.#events?.removeEventListener(type, handle);
  }
}
