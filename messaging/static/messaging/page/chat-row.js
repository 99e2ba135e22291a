/**
 * One chat in the list.
 */

import { avatar } from './avatar.js';
import { make, setAttribute } from './dom.js';
import { shortTimeOf } from './time.js';
import { counted } from './words.js';

/** @param {HTMLElement} node @param {any} row */
export function showChat(node, row) {
  if (!node.firstElementChild) node.append(make('a', { href: `#chat-${row.id}`, 'data-chat': String(row.id) }));
  const link = /** @type {HTMLAnchorElement} */ (node.firstElementChild);
  link.dataset.unread = String(row.unread);
  setAttribute(link, 'aria-current', row.isOpen ? 'page' : null);
  link.replaceChildren(
    avatar(row.title, row.tint, { group: row.isGroup, online: row.isOnline }),
    make(
      'span',
      { class: 'chat-line' },
      make('span', { class: 'chat-title', dir: 'auto' }, row.title),
      row.isOnline ? make('span', { class: 'visually-hidden' }, ' online, ') : null,
      row.at ? make('time', { datetime: row.at }, shortTimeOf(row.at)) : null,
    ),
    make(
      'span',
      { class: 'chat-line' },
      row.typing
        ? make('span', { class: 'chat-last typing' }, row.typing)
        : make('span', { class: 'chat-last', dir: 'auto' }, row.last),
      badge(row),
    ),
  );
}

/** @param {{unread: number, mentions: number}} row */
function badge({ unread, mentions }) {
  if (unread === 0) return null;
  const mention = mentions > 0 ? make('span', { class: 'mention-mark', 'aria-hidden': 'true' }, '@') : null;
  const words = mentions > 0 ? `unread, ${counted(mentions, 'mention')}` : 'unread';
  return make(
    'span',
    { class: 'badges' },
    mention,
    make('span', { class: 'badge' }, unread > 999 ? '999+' : String(unread)),
    make('span', { class: 'visually-hidden' }, ` ${words}`),
  );
}
