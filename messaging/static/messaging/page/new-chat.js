/**
 * The dialog that starts a chat: one person makes it private, several make a group.
 */

import { makeId } from '../chat-client.js';
import { byId, setText } from './dom.js';
import { PeoplePicker } from './people-picker.js';
import { errorWords } from './words.js';

/** @typedef {import('../chat-client.js').ChatClient} ChatClient */

export class NewChatView {
  #dialog = byId('new-chat');
  #form = byId('new-chat-form');
  #titleRow = byId('new-chat-title');
  #error = byId('new-chat-error');
  #create = this.#form.querySelector('[type=submit]');
  #chatId = '';
  /** What was asked for under this id: a repeat finds the chat that it made. */
  #asked = '';
  #isBusy = false;
  #picker;
  #client;
  #onCreated;

  /** @param {ChatClient} client @param {(chat: any) => void} onCreated */
  constructor(client, onCreated) {
    this.#client = client;
    this.#onCreated = onCreated;
    this.#picker = new PeoplePicker(this.#form, client, () => this.#render());
    for (const button of document.querySelectorAll('[data-new-chat]')) button.addEventListener('click', () => this.#open());
    byId('new-chat-cancel').addEventListener('click', () => this.close());
    this.#form.addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  close() {
    this.#dialog.close();
  }

  #open() {
    this.#form.reset();
    this.#asked = '';
    setText(this.#error, '');
    this.#dialog.showModal();
    this.#picker.open();
  }

  #render() {
    const count = this.#picker.chosen.size;
    this.#titleRow.hidden = count < 2;
    this.#create.disabled = count === 0 || this.#isBusy;
    setText(this.#create, count < 2 ? 'Start chat' : 'Start group');
  }

  async #submit() {
    if (this.#create.disabled) return;
    const members = [...this.#picker.chosen.keys()];
    setText(this.#error, '');
    this.#isBusy = true;
    this.#render();
    try {
      const group = { kind: /** @type {const} */ ('group'), members, title: this.#form.elements.title.value.trim() };
      const wanted = members.length === 1 ? { kind: /** @type {const} */ ('private'), members } : group;
      const chat = await this.#client.api.createChat(wanted, this.#idFor(wanted));
      this.close();
      this.#onCreated(chat);
    } catch (/** @type {any} */ error) {
      setText(this.#error, errorWords(error));
    }
    this.#isBusy = false;
    this.#render();
  }

  /** Another choice of people, or another title, is another chat. @param {object} wanted */
  #idFor(wanted) {
    const asked = JSON.stringify(wanted);
    if (asked !== this.#asked) this.#chatId = makeId();
    this.#asked = asked;
    return this.#chatId;
  }
}
