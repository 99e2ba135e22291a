/**
 * The round mark of a person or a chat: initials on a colour that stays the same.
 */

import { make } from './dom.js';

const TINTS = 8;
const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * @param {string} name
 * @param {number} id what the colour goes by
 * @param {{group?: boolean, online?: boolean}} [more]
 */
export function avatar(name, id, { group = false, online = false } = {}) {
  const node = make('span', { class: 'avatar', 'aria-hidden': 'true' }, make('span', {}, initialsOf(name)));
  node.classList.add(`tint-${id % TINTS}`);
  node.classList.toggle('square', group);
  node.classList.toggle('online', online);
  return node;
}

/** The colour of a name, as a class. @param {number} id */
export function tintOf(id) {
  return `tint-${id % TINTS}`;
}

/** @param {string} name */
export function initialsOf(name) {
  const words = name.match(/[\p{L}\p{N}\p{Emoji_Presentation}]\S*/gu) ?? [];
  const firsts = words.slice(0, 2).map((word) => GRAPHEMES.segment(word)[Symbol.iterator]().next().value?.segment ?? '');
  return firsts.join('').toLocaleUpperCase() || '·';
}
