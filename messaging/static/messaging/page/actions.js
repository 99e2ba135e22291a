/**
 * What a person does to the open chat. It shows at once, and settles when the server has answered.
 */

import { byId, setText } from './dom.js';
import { errorWords } from './words.js';

/** @typedef {import('../chat-client.js').ChatClient} ChatClient */
/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('./layout.js').Row} Row */

export class Actions {
  #client;
  #store;
  #announcer;
  #dialog = byId('delete');
  /** @type {() => void} What “Delete” will do. */
  #confirmed = () => {};

  /** @param {ChatClient} client @param {Store} store @param {import('./announcer.js').Announcer} announcer */
  constructor(client, store, announcer) {
    this.#client = client;
    this.#store = store;
    this.#announcer = announcer;
    byId('delete-cancel').addEventListener('click', () => this.#dialog.close());
    byId('delete-confirm').addEventListener('click', () => {
      this.#dialog.close();
      this.#confirmed();
    });
  }

  /** @param {number} chat @param {string} text @param {number|null} replyTo */
  send(chat, text, replyTo) {
    const command = this.#client.sendMessage(chat, text, replyTo === null ? {} : { reply_to: replyTo });
    this.#store.writes.add(command);
    this.#store.changed();
  }

  /** The same message once more, under the same id: it is written once, whatever came of the first try. @param {string} id */
  retry(id) {
    const failed = this.#store.writes.find(id);
    if (failed) this.#write(() => this.#client.write(failed.command));
  }

  /** @param {string} id */
  discard(id) {
    this.#store.writes.remove(id);
    this.#store.changed();
  }

  /** @param {number} chat @param {number} seq @param {string} text */
  edit(chat, seq, text) {
    this.#write(() => this.#client.editMessage(chat, seq, text));
  }

  /** @param {Row} row */
  remove({ item }) {
    setText(byId('delete-text'), item.text ?? '');
    this.#confirmed = () => this.#write(() => this.#client.deleteMessage(item.chat, item.seq));
    this.#dialog.showModal();
  }

  /** @param {number} chat @param {number} seq @param {string} emoji @param {boolean} on */
  react(chat, seq, emoji, on) {
    this.#write(() => this.#client.react(chat, seq, emoji, on));
  }

  /** @param {Row} row */
  async copy({ item }) {
    try {
      await navigator.clipboard.writeText(item.text ?? '');
      this.#announcer.show('Copied.');
    } catch {
      this.#announcer.show('The browser does not let this page copy.');
    }
  }

  /** Admins may take back what others wrote. @param {any} item */
  mayRemove(item) {
    return this.#store.chats.get(item.chat)?.kind !== 'private' && this.#store.members.mayEdit(item.chat, this.#store.me);
  }

  /** @param {() => any} write */
  #write(write) {
    try {
      this.#store.writes.add(write());
      this.#store.changed();
    } catch (error) {
      this.#announcer.show(errorWords(error));
    }
  }
}
