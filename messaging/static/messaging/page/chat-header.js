/**
 * Above the messages: whose chat it is, who is there, who is typing.
 */

import { avatar } from './avatar.js';
import { byId, setText } from './dom.js';
import { lastSeenOf } from './time.js';
import { counted, typingWords } from './words.js';

/** @typedef {import('./store.js').Store} Store */

export class ChatHeaderView {
  #title = byId('chat-title');
  #about = byId('chat-about');
  #avatar = byId('chat-avatar');
  #members = byId('members-button');
  #store;
  #shown = '';

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
  }

  /** @param {import('./chats.js').Chat} chat */
  render(chat) {
    const store = this.#store;
    const title = store.titleOf(chat);
    const other = store.otherOf(chat);
    const online = store.people.presenceOf(other)?.online === true;
    setText(this.#title, title);
    const typing = typingWords(store.typing.in(chat.id).map((user) => store.nameOf(user)));
    setText(this.#about, typing || this.#aboutWords(chat, other));
    this.#about.classList.toggle('typing', typing !== '');
    this.#members.hidden = !chat.known;
    const shown = `${chat.id} ${title} ${online}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#avatar.replaceChildren(avatar(title, other ?? chat.id, { group: chat.kind !== 'private', online }));
  }

  /** @param {import('./chats.js').Chat} chat @param {any} other */
  #aboutWords(chat, other) {
    if (!chat.known) return '';
    const { people, members, me } = this.#store;
    if (other !== null) {
      const presence = people.presenceOf(other);
      return presence === null ? '' : presence.online ? 'Online' : lastSeenOf(presence.last_seen_at);
    }
    const online = members.of(chat.id).filter(({ id }) => id !== me && people.presenceOf(id)?.online).length;
    const words = counted(chat.memberCount, 'member');
    return online > 0 ? `${words}, ${online} online` : words;
  }
}
