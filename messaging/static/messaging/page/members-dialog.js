/**
 * The dialog about one chat: its title, who is in it, and what one may do about that.
 */

import { byId, make, reconcile, setText } from './dom.js';
import { showMember } from './member-row.js';
import { PeoplePicker } from './people-picker.js';
import { counted, errorWords } from './words.js';

/** @typedef {import('../chat-client.js').ChatClient} ChatClient */
/** @typedef {import('./store.js').Store} Store */

export class MembersView {
  #dialog = byId('members');
  #list = byId('members-list');
  #note = byId('members-note');
  #error = byId('members-error');
  #titleForm = byId('title-form');
  #addForm = byId('add-form');
  #leave = byId('leave-chat');
  #store;
  #client;
  #loader;
  #picker;
  /** @type {number|null} */
  #chat = null;

  /** @param {Store} store @param {ChatClient} client @param {import('./loader.js').Loader} loader */
  constructor(store, client, loader) {
    this.#store = store;
    this.#client = client;
    this.#loader = loader;
    this.#picker = new PeoplePicker(this.#addForm, client, () => this.render());
    byId('members-button').addEventListener('click', () => this.#open());
    byId('members-close').addEventListener('click', () => this.close());
    this.#dialog.addEventListener('close', () => (this.#chat = null));
    this.#leave.addEventListener('click', () => this.#call('DELETE', `members/${this.#store.me}/`).then((done) => done && this.close()));
    this.#listen(this.#titleForm, () => this.#call('PATCH', '', { title: this.#titleForm.elements.title.value.trim() }));
    this.#listen(this.#addForm, () => this.#add());
    byId('add-people').addEventListener('toggle', (/** @type {any} */ event) => event.target.open && this.#offer());
  }

  close() {
    this.#dialog.close();
  }

  render() {
    const chat = this.#store.chats.get(this.#chat);
    if (!this.#dialog.open) return;
    if (!chat) {
      this.close();
      return;
    }
    const { members, me, people } = this.#store;
    const isGroup = chat.kind !== 'private';
    const mayEdit = isGroup && members.mayEdit(chat.id, me);
    this.#titleForm.hidden = !mayEdit;
    byId('add-people').hidden = !mayEdit;
    this.#leave.hidden = !isGroup;
    this.#addForm.querySelector('[type=submit]').disabled = this.#picker.chosen.size === 0;
    const listed = members.of(chat.id);
    setText(this.#note, listed.length > 0 ? counted(listed.length, 'member') : 'Loading members…');
    const context = { store: this.#store, chat, role: this.#changeRole, remove: this.#remove };
    const rows = listed.map((member) => ({ ...member, presence: people.presenceOf(member.id) }));
    const version = `${JSON.stringify(rows)} ${rows.map(({ id }) => this.#store.nameOf(id)).join('\n')}`;
    if (this.#list.dataset.version === version) return;
    this.#list.dataset.version = version;
    reconcile(this.#list, rows, { key: ({ id }) => String(id), create: () => make('li'), update: (node, member) => showMember(node, member, context) });
  }

  #open() {
    this.#chat = Number(this.#dialog.dataset.chat);
    const chat = this.#store.chats.get(this.#chat);
    if (!chat) return;
    setText(byId('members-heading'), this.#store.titleOf(chat));
    setText(this.#error, '');
    this.#titleForm.elements.title.value = chat.title;
    byId('add-people').open = false;
    delete this.#list.dataset.version;
    this.#dialog.showModal();
    this.#loader.loadMembers(chat.id);
    this.render();
  }

  #offer() {
    const chat = this.#chat ?? 0;
    this.#picker.open((person) => this.#store.members.roleOf(chat, person.id) === null);
  }

  async #add() {
    for (const [user, person] of this.#picker.chosen) {
      if (!(await this.#call('POST', 'members/', { user }))) return;
      this.#store.people.learn([person]);
      this.#picker.chosen.delete(user);
    }
    byId('add-people').open = false;
    this.render();
  }

  /** @param {any} user @param {string} role */
  #changeRole = async (user, role) => {
    delete this.#list.dataset.version;
    await this.#call('PATCH', `members/${user}/`, { role });
    this.render();
  };

  /** @param {any} user */
  #remove = (user) => this.#call('DELETE', `members/${user}/`);

  /** What it changes comes back as an event. @param {string} method @param {string} path below the chat @param {object} [body] */
  async #call(method, path, body) {
    setText(this.#error, '');
    try {
      await this.#client.api.call(method, `/api/chats/${this.#chat}/${path}`, body);
      return true;
    } catch (error) {
      setText(this.#error, errorWords(error));
      return false;
    }
  }

  /** @param {HTMLFormElement} form @param {() => Promise<any>} act */
  #listen(form, act) {
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const button = /** @type {HTMLButtonElement} */ (form.querySelector('[type=submit]'));
      button.disabled = true;
      await act();
      button.disabled = false;
    });
  }
}
