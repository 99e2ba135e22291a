/**
 * Ids and texts, as the protocol wants them.
 */

/** Make an id for a command: unique per sender and chat, so unique. */
export function makeId() {
  // `randomUUID` is there on https and on localhost only.
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Do to a text what the server does, and leave out what it would refuse: half characters and control characters.
 * @param {string} text
 */
export function cleanText(text) {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '')
    .replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');
}

/**
 * Count as the server counts, in code points.
 * @param {string} text
 */
export function lengthOf(text) {
  return [...text].length;
}
