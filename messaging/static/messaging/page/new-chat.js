/**
 * The dialog that starts a chat: one person makes it private, several make a group.
 */

import { makeId } from '../chat-client.js';
import { byId, make, reconcile, setText } from './dom.js';
import { errorWords } from './words.js';

/** @typedef {import('../chat-client.js').ChatClient} ChatClient */
/** @typedef {{id: any, username: string, display_name: string}} Person */

// A pause in typing that is long enough to be worth a request.
const TYPING_PAUSE_MS = 250;

export class NewChatView {
  #dialog = byId('new-chat');
  #form = byId('new-chat-form');
  #search = this.#form.elements.search;
  #title = this.#form.elements.title;
  #titleRow = byId('new-chat-title');
  #people = byId('people');
  #note = byId('people-note');
  #error = byId('new-chat-error');
  #create = this.#form.querySelector('[type=submit]');
  /** @type {Map<any, Person>} */
  #chosen = new Map();
  /** @type {Person[]} */
  #found = [];
  #chatId = '';
  /** Numbers the searches: only the answer to the newest counts. */
  #run = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer;
  #client;
  #onCreated;

  /** @param {ChatClient} client @param {(chat: any) => void} onCreated */
  constructor(client, onCreated) {
    this.#client = client;
    this.#onCreated = onCreated;
    byId('new-chat-button').addEventListener('click', () => this.#open());
    byId('new-chat-cancel').addEventListener('click', () => this.#dialog.close());
    this.#search.addEventListener('input', () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#find(), TYPING_PAUSE_MS);
    });
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
    this.#chosen.clear();
    this.#found = [];
    this.#chatId = makeId();
    setText(this.#error, '');
    this.#render();
    this.#dialog.showModal();
    this.#find();
  }

  async #find() {
    const run = ++this.#run;
    setText(this.#note, 'Searching…');
    try {
      const people = await this.#client.api.findPeople(this.#search.value.trim());
      if (run !== this.#run) return;
      this.#found = people.results.filter((/** @type {Person} */ person) => person.id !== this.#client.user);
      setText(this.#note, this.#found.length ? '' : 'Nobody found.');
    } catch (error) {
      if (run === this.#run) setText(this.#note, errorWords(error));
    }
    this.#render();
  }

  #render() {
    // Who was chosen stays in sight, whatever is searched for next.
    const others = this.#found.filter((person) => !this.#chosen.has(person.id));
    reconcile(this.#people, [...this.#chosen.values(), ...others], {
      key: (person) => String(person.id),
      create: () => make('li'),
      update: (node, person) => this.#showPerson(node, person),
    });
    this.#titleRow.hidden = this.#chosen.size < 2;
    this.#create.disabled = this.#chosen.size === 0;
    setText(this.#create, this.#chosen.size < 2 ? 'Start chat' : 'Start group');
  }

  /** @param {HTMLElement} node @param {Person} person */
  #showPerson(node, person) {
    const box = /** @type {HTMLInputElement} */ (make('input', { type: 'checkbox', 'data-user': String(person.id) }));
    box.checked = this.#chosen.has(person.id);
    box.addEventListener('change', () => {
      if (box.checked) this.#chosen.set(person.id, person);
      else this.#chosen.delete(person.id);
      this.#render();
    });
    const name = person.display_name || person.username;
    const label = make('label', {}, box, make('span', { dir: 'auto' }, name));
    if (name !== person.username) label.append(make('span', { class: 'muted' }, person.username));
    node.replaceChildren(label);
  }

  async #submit() {
    if (this.#create.disabled) return;
    const members = [...this.#chosen.keys()];
    setText(this.#error, '');
    this.#create.disabled = true;
    try {
      const group = { kind: /** @type {const} */ ('group'), members, title: this.#title.value.trim() };
      const wanted = members.length === 1 ? { kind: /** @type {const} */ ('private'), members } : group;
      const chat = await this.#client.api.createChat(wanted, this.#chatId);
      this.#dialog.close();
      this.#onCreated(chat);
    } catch (/** @type {any} */ error) {
      // Another choice of people is another chat.
      if (error?.code === 'id_conflict') this.#chatId = makeId();
      setText(this.#error, errorWords(error));
    }
    this.#create.disabled = this.#chosen.size === 0;
  }
}
