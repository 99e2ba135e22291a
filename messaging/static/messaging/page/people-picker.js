/**
 * A search for people, and those who were chosen.
 */

import { avatar } from './avatar.js';
import { make, reconcile, setText } from './dom.js';
import { errorWords } from './words.js';

// A pause in typing that is long enough to be worth a request.
const TYPING_PAUSE_MS = 250;

/** @typedef {import('../chat-client.js').ChatClient} ChatClient */
/** @typedef {{id: any, username: string, display_name: string}} Person */

export class PeoplePicker {
  /** @type {Map<any, Person>} */
  chosen = new Map();
  #search;
  #note;
  #list;
  #more;
  #client;
  #onChange;
  /** @type {(person: Person) => boolean} */
  #isOffered = () => true;
  /** @type {Person[]} */
  #found = [];
  /** After whom there are more, or null. @type {any} */
  #next = null;
  /** Numbers the searches: only the answer to the newest counts. */
  #run = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  #timer;

  /**
   * @param {HTMLElement} form with a field `search`, a `.people`, a `.people-more` and a `.people-note`
   * @param {ChatClient} client
   * @param {() => void} onChange
   */
  constructor(form, client, onChange) {
    this.#search = /** @type {HTMLInputElement} */ (form.querySelector('[name=search]'));
    this.#note = /** @type {HTMLElement} */ (form.querySelector('.people-note'));
    this.#list = /** @type {HTMLElement} */ (form.querySelector('.people'));
    this.#more = /** @type {HTMLElement} */ (form.querySelector('.people-more'));
    this.#client = client;
    this.#onChange = onChange;
    this.#search.addEventListener('input', () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#find(), TYPING_PAUSE_MS);
    });
    this.#more.addEventListener('click', () => this.#find(this.#next));
  }

  /** Begin anew. @param {(person: Person) => boolean} [isOffered] */
  open(isOffered = () => true) {
    this.#isOffered = isOffered;
    this.#search.value = '';
    this.chosen.clear();
    this.#found = [];
    this.#next = null;
    this.#render();
    this.#find();
  }

  /** Search anew, or go on `after` somebody. @param {any} [after] */
  async #find(after = 0) {
    const run = ++this.#run;
    setText(this.#note, 'Searching…');
    try {
      const people = await this.#read(after, () => run === this.#run);
      if (run !== this.#run) return;
      this.#found = after === 0 ? people : [...this.#found, ...people];
      setText(this.#note, this.#found.length ? '' : 'Nobody found.');
    } catch (error) {
      if (run === this.#run) setText(this.#note, errorWords(error));
    }
    this.#render();
  }

  /**
   * Read page after page until there is somebody to be offered.
   * @param {any} after
   * @param {() => boolean} isWanted
   * @returns {Promise<Person[]>}
   */
  async #read(after, isWanted) {
    const page = await this.#client.api.findPeople(this.#search.value.trim(), after);
    if (!isWanted()) return [];
    this.#next = page.next && page.results.at(-1).id;
    const people = page.results.filter((/** @type {Person} */ person) => person.id !== this.#client.user && this.#isOffered(person));
    return people.length > 0 || this.#next === null ? people : this.#read(this.#next, isWanted);
  }

  #render() {
    // Who was chosen stays in sight, whatever is searched for next.
    const others = this.#found.filter((person) => !this.chosen.has(person.id));
    reconcile(this.#list, [...this.chosen.values(), ...others], {
      key: (person) => String(person.id),
      create: () => make('li'),
      update: (node, person) => this.#show(node, person),
    });
    this.#more.hidden = this.#next === null;
    this.#onChange();
  }

  /** @param {HTMLElement} node @param {Person} person */
  #show(node, person) {
    const box = /** @type {HTMLInputElement} */ (make('input', { type: 'checkbox', 'data-user': String(person.id) }));
    box.checked = this.chosen.has(person.id);
    box.addEventListener('change', () => {
      if (box.checked) this.chosen.set(person.id, person);
      else this.chosen.delete(person.id);
      this.#render();
    });
    const name = person.display_name || person.username;
    const label = make('label', {}, avatar(name, person.id), make('span', { dir: 'auto' }, name), box);
    if (name !== person.username) box.before(make('span', { class: 'muted' }, person.username));
    node.replaceChildren(label);
  }
}
