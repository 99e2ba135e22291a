/**
 * What stands between the first and the last line of the list: days, groups of messages, and what has become of each.
 */

import { fold } from './folding.js';
import { dayOf } from './time.js';
import { isNote } from './words.js';

// Messages of one sender within this time belong together.
const GROUP_MS = 5 * 60_000;

/** @typedef {'sending'|'failed'|'stored'|'read'|null} Status null: not ours */
/**
 * @typedef {object} Row
 * @property {string} key
 * @property {'day'|'unread'|'note'|'message'} kind
 * @property {any} item the message or event
 * @property {string} words of a day
 * @property {boolean} starts a group of messages
 * @property {Status} status
 * @property {string} error why it was not sent
 * @property {boolean} isSaving a change of it is on its way
 * @property {any} quoted the message it replies to
 * @property {string} readers who has read it, in words
 */

/**
 * @typedef {object} Scene
 * @property {number} chat
 * @property {any[]} items numbered ones, oldest first; those in sight
 * @property {any} before the item before the first of them
 * @property {boolean} withWrites whether the list goes to its end
 * @property {number|null} unreadAfter where the line for unread messages stands
 */

/** @type {WeakMap<object, Row>} What was made of an item last, to be used again where it is the same. */
const made = new WeakMap();
/** @type {Map<string, Row>} */
const separators = new Map();

/** @param {import('./store.js').Store} store @param {Scene} scene @returns {Row[]} */
export function rowsOf(store, { chat, items, before, withWrites, unreadAfter }) {
  const changes = store.writes.changesOf(chat, store.me);
  const writes = withWrites ? store.writes.messagesOf(chat) : [];
  /** @type {Row[]} */
  const rows = [];
  let last = before;
  for (const item of [...items, ...writes]) {
    const row = 'command' in item ? writeRow(store, item, last) : itemRow(store, item, last, changes.get(item.seq) ?? []);
    const day = dayOf(row.item.at);
    if (!last || dayOf(last.at) !== day) rows.push(separator(`day-${day}`, 'day', day));
    if (unreadAfter !== null && item.seq > unreadAfter && (last?.seq ?? 0) <= unreadAfter) {
      rows.push(separator('unread', 'unread', 'New messages'));
    }
    rows.push(row);
    last = row.item;
  }
  return rows;
}

/** @param {import('./store.js').Store} store @param {any} item @param {any} last @param {any[]} changes */
function itemRow(store, item, last, changes) {
  const present = changes.reduce((message, change) => fold(message, change, store.me), item);
  const readers = store.members.readersOf(item.chat, item.seq, store.me);
  const isRead = readers.others > 0 && readers.read === readers.others;
  return same(item, {
    key: item.key,
    kind: isNote(item.type) ? 'note' : 'message',
    item: changes.length === 0 ? item : present,
    words: '',
    starts: startsGroup(item, last),
    status: item.sender !== store.me ? null : isRead ? 'read' : 'stored',
    error: '',
    isSaving: changes.length > 0,
    quoted: quotedOf(store, item),
    readers: item.sender === store.me && readers.others > 1 ? `Read by ${readers.read} of ${readers.others}` : '',
  });
}

/** @param {import('./store.js').Store} store @param {import('./writes.js').Write} write @param {any} last */
function writeRow(store, write, last) {
  const { chat, text, reply_to, id } = write.command;
  const item = made.get(write)?.item ?? { key: write.key, type: 'message.created', id, chat, text, reply_to, at: write.at, sender: store.me };
  return same(write, {
    key: write.key,
    kind: 'message',
    item,
    words: '',
    starts: startsGroup(item, last),
    status: write.error === null ? 'sending' : 'failed',
    error: write.error ?? '',
    isSaving: false,
    quoted: quotedOf(store, item),
    readers: '',
  });
}

/** @param {import('./store.js').Store} store @param {any} item */
function quotedOf(store, { chat, reply_to: reply, deleted }) {
  if (deleted || reply === undefined || reply === null) return null;
  const seq = typeof reply === 'number' ? reply : reply.seq;
  return store.histories.get(chat)?.get(seq) ?? (typeof reply === 'number' ? { seq } : reply);
}

/** @param {any} item @param {any} last */
function startsGroup(item, last) {
  if (!last || last.sender !== item.sender || isNote(last.type) || last.type !== item.type) return true;
  return Date.parse(item.at) - Date.parse(last.at) > GROUP_MS || dayOf(last.at) !== dayOf(item.at);
}

/** Use the row made before if it says the same: what is not another object is not drawn again. @param {object} of @param {Row} row */
function same(of, row) {
  const before = made.get(of);
  const names = /** @type {(keyof Row)[]} */ (Object.keys(row));
  if (before && names.every((name) => before[name] === row[name])) return before;
  made.set(of, row);
  return row;
}

/** @param {string} key @param {'day'|'unread'} kind @param {string} words @returns {Row} */
function separator(key, kind, words) {
  const known = separators.get(key);
  if (known) return known;
  const nothing = { item: null, starts: true, status: null, error: '', isSaving: false, quoted: null, readers: '' };
  const row = { key, kind, words, ...nothing };
  separators.set(key, row);
  return row;
}
