/**
 * One line of the list of messages, made of what the layout says of it.
 */

import { avatar, tintOf } from './avatar.js';
import { icon, make } from './dom.js';
import { segmentsOf } from './rich-text.js';
import { clockOf, fullTimeOf } from './time.js';
import { noteWords, statusWords } from './words.js';

// What a quotation shows of the message.
const QUOTED_CHARACTERS = 140;
/** @type {Record<string, string>} */
const STATUS_ICONS = { sending: 'clock', stored: 'check', read: 'checks', failed: 'alert' };

/** @typedef {import('./layout.js').Row} Row */
/**
 * @typedef {object} Context
 * @property {import('./store.js').Store} store
 * @property {boolean} isGroup
 * @property {Map<string, any>} names whom a text here may name: user name in small letters → id
 * @property {(id: string) => void} retry
 * @property {(id: string) => void} discard
 * @property {(seq: number) => void} show another message
 * @property {(seq: number, emoji: string, on: boolean) => void} react
 */

/** @param {HTMLElement} node @param {Row} row @param {Context} context */
export function showRow(node, row, context) {
  if (row.kind === 'message') {
    showMessage(node, row, context);
    return;
  }
  node.className = row.kind;
  node.removeAttribute('tabindex');
  if (row.kind === 'note') {
    node.dataset.seq = String(row.item.seq);
    const pieces = noteWords(row.item, (id) => context.store.nameOf(id));
    const parts = pieces.map((piece, index) => (index % 2 ? make('bdi', {}, piece) : piece));
    node.replaceChildren(make('span', {}, ...parts));
  } else node.replaceChildren(make('span', {}, row.words));
}

/** @param {HTMLElement} node @param {Row} row @param {Context} context */
function showMessage(node, row, context) {
  const { item, status } = row;
  const isMine = item.sender === context.store.me;
  // The tools may be in the node: all else is drawn anew beside them.
  const place = node.querySelector(':scope > .message-place') ?? make('div', { class: 'message-place' }, make('div', { class: 'message-body' }));
  if (!place.isConnected) node.replaceChildren(place);
  const body = /** @type {Element} */ (place.firstElementChild);
  node.className = 'message';
  node.classList.toggle('mine', isMine);
  node.classList.toggle('starts', row.starts);
  node.classList.toggle('saving', row.isSaving);
  if (!node.hasAttribute('tabindex')) node.tabIndex = -1;
  mark(node, 'seq', item.seq === undefined ? null : String(item.seq));
  mark(node, 'pending', item.seq === undefined ? item.id : null);
  mark(node, 'failed', status === 'failed' ? '' : null);
  body.replaceChildren(
    ...(context.isGroup && !isMine && row.starts ? [avatar(context.store.nameOf(item.sender), item.sender)] : []),
    bubble(row, context, isMine),
    ...reactions(row, context),
    ...(status === 'failed' ? [failure(row, context)] : []),
  );
}

/** @param {HTMLElement} node @param {string} name @param {string|null} value */
function mark(node, name, value) {
  if (value === null) delete node.dataset[name];
  else node.dataset[name] = value;
}

/** @param {Row} row @param {Context} context @param {boolean} isMine */
function bubble(row, context, isMine) {
  const { item, quoted } = row;
  const name = isMine ? 'You' : context.store.nameOf(item.sender);
  const isNamed = context.isGroup && !isMine && row.starts;
  const sender = make('p', { class: isNamed ? `sender ${tintOf(item.sender)}` : 'visually-hidden', dir: 'auto' }, isNamed ? name : `${name}:`);
  return make(
    'div',
    { class: 'bubble' },
    sender,
    quoted ? quotation(quoted, context) : null,
    make('div', { class: 'message-line' }, text(item, context), meta(row)),
  );
}

/** @param {any} item @param {Context} context */
function text(item, { store, names }) {
  if (item.deleted) return make('p', { class: 'text gone' }, 'Message deleted');
  const parts = segmentsOf(item.text ?? '', names).map(({ text: words, href, user }) => {
    if (href !== undefined) return make('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow' }, words);
    if (user !== undefined) return make('span', { class: user === store.me ? 'mention me' : 'mention' }, words);
    return words;
  });
  const files = (item.attachments ?? []).map((/** @type {any} */ file) => make('span', { class: 'file' }, file.name ?? 'Attachment'));
  return make('p', { class: isOnlyEmoji(item.text ?? '') ? 'text large' : 'text', dir: 'auto' }, ...parts, ...files);
}

/** @param {string} words */
export function isOnlyEmoji(words) {
  return words.length <= 24 && /^(?:\p{RGI_Emoji}\s?){1,3}$/v.test(words);
}

/** @param {Row} row */
function meta(row) {
  const { item, status } = row;
  const words = statusWords(row);
  return make(
    'p',
    { class: 'meta' },
    item.edited_at && !item.deleted ? make('span', {}, 'edited') : null,
    make('time', { datetime: item.at, title: fullTimeOf(item.at) }, clockOf(item.at)),
    status === null ? null : make('span', { class: `status ${status}`, role: 'img', 'aria-label': words, title: words }, icon(STATUS_ICONS[status])),
  );
}

/** @param {any} quoted @param {Context} context */
function quotation(quoted, { store, show }) {
  const words = quoted.deleted || quoted.text === '' ? 'Message deleted' : (quoted.text ?? 'An earlier message');
  const name = quoted.sender === undefined ? '' : quoted.sender === store.me ? 'You' : store.nameOf(quoted.sender);
  return make(
    'button',
    { type: 'button', class: 'quote', onclick: () => show(quoted.seq) },
    make('span', { class: 'visually-hidden' }, 'In reply to '),
    name ? make('span', { class: 'quote-name', dir: 'auto' }, name) : null,
    make('span', { class: 'quote-text', dir: 'auto' }, words.slice(0, QUOTED_CHARACTERS)),
  );
}

/** @param {Row} row @param {Context} context */
function reactions({ item }, { react }) {
  if (!item.reactions?.length || item.deleted) return [];
  const buttons = item.reactions.map((/** @type {any} */ { emoji, count, mine }) =>
    make(
      'button',
      { type: 'button', 'aria-pressed': String(mine), 'aria-label': `${emoji} ${count}`, onclick: () => react(item.seq, emoji, !mine) },
      make('span', { class: 'emoji' }, emoji),
      make('span', {}, String(count)),
    ),
  );
  return [make('div', { class: 'reactions', role: 'group', 'aria-label': 'Reactions' }, ...buttons)];
}

/** @param {Row} row @param {Context} context */
function failure({ item, error }, { retry, discard }) {
  return make(
    'p',
    { class: 'failure' },
    make('span', {}, error),
    make('button', { type: 'button', onclick: () => retry(item.id) }, 'Try again'),
    make('button', { type: 'button', onclick: () => discard(item.id) }, 'Discard'),
  );
}
