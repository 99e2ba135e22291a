/**
 * One member in the dialog about a chat, with what one may do about them.
 */

import { avatar } from './avatar.js';
import { iconButton, make } from './dom.js';
import { lastSeenOf } from './time.js';

/** @type {Record<string, string>} */
const ROLES = { owner: 'Owner', admin: 'Admin', member: 'Member' };

/**
 * @param {HTMLElement} node
 * @param {any} member
 * @param {{store: import('./store.js').Store, chat: import('./chats.js').Chat, role: (user: any, role: string) => void,
 *          remove: (user: any) => void}} context
 */
export function showMember(node, member, { store, chat, role, remove }) {
  const isMe = member.id === store.me;
  const name = store.nameOf(member.id);
  const ownRole = store.members.roleOf(chat.id, store.me);
  const isGroup = chat.kind !== 'private';
  const mayRemove = isGroup && !isMe && (ownRole === 'owner' || (ownRole === 'admin' && member.role === 'member'));
  node.replaceChildren(
    avatar(name, member.id, { online: member.presence?.online === true }),
    make(
      'span',
      { class: 'member-words' },
      make('span', { dir: 'auto' }, isMe ? `${name} (you)` : name),
      make('span', { class: 'muted' }, aboutWords(member, store.people.usernameOf(member.id))),
    ),
    isGroup && ownRole === 'owner' ? roleChoice(member, name, role) : make('span', { class: 'muted' }, isGroup ? ROLES[member.role] : ''),
    ...(mayRemove ? [iconButton('close', `Remove ${name}`, () => remove(member.id))] : []),
  );
}

/** @param {any} member @param {string} username */
function aboutWords({ presence }, username) {
  if (!presence) return `@${username}`;
  return presence.online ? `@${username}, online` : `@${username}, ${lastSeenOf(presence.last_seen_at).toLowerCase()}`;
}

/** @param {any} member @param {string} name @param {(user: any, role: string) => void} onChoice */
function roleChoice(member, name, onChoice) {
  const options = Object.entries(ROLES).map(([value, words]) => make('option', { value, selected: member.role === value }, words));
  const select = /** @type {HTMLSelectElement} */ (make('select', { 'aria-label': `Role of ${name}` }, ...options));
  select.addEventListener('change', () => onChoice(member.id, select.value));
  return select;
}
