/**
 * What stands in a text beside words: links and names. Found here, as data; whoever shows it makes the elements.
 */

// Only what a browser opens as a page. The end is found by hand: what may stand in an address also ends sentences.
const ADDRESS = /\bhttps?:\/\/[^\s<>"'`\u0000-\u001f\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/giu;
const NAME = /(?<![\p{L}\p{N}_.@+-])@([\p{L}\p{N}_.@+-]{1,150})/gu;
const SENTENCE_END = /[.,;:!?…*_~]$/u;
const CLOSING = new Map([
  [')', '('],
  [']', '['],
  ['}', '{'],
]);

/** @typedef {{text: string, href?: string, user?: number}} Segment */

/**
 * Cut a text into its segments, which together are the text again.
 * @param {string} text
 * @param {Map<string, number>} [names] whom the text mentions: user name → id
 * @returns {Segment[]}
 */
export function segmentsOf(text, names = new Map()) {
  return splitBy(text, ADDRESS, linkAt).flatMap((segment) =>
    segment.href === undefined && names.size > 0 ? splitBy(segment.text, NAME, (match) => nameAt(match, names)) : [segment],
  );
}

/**
 * @param {string} text
 * @param {RegExp} pattern
 * @param {(match: RegExpMatchArray) => Segment|null} read
 */
function splitBy(text, pattern, read) {
  /** @type {Segment[]} */
  const segments = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const segment = read(match);
    if (segment === null) continue;
    if (match.index > end) segments.push({ text: text.slice(end, match.index) });
    segments.push(segment);
    end = match.index + segment.text.length;
  }
  if (end < text.length || segments.length === 0) segments.push({ text: text.slice(end) });
  return segments;
}

/** @param {RegExpMatchArray} match */
function linkAt([found]) {
  const text = withoutTail(found);
  const url = URL.canParse(text) ? new URL(text) : null;
  // A name before the host is how one site is made to look like another.
  const isPlain = url !== null && ['http:', 'https:'].includes(url.protocol) && !url.username && !url.password;
  return isPlain ? { text, href: url.href } : null;
}

/** Leave out what closes the sentence or the bracket around an address. @param {string} address */
function withoutTail(address) {
  for (let text = address; ; text = text.slice(0, -1)) {
    const opening = CLOSING.get(text.at(-1) ?? '');
    const closesMore = opening !== undefined && count(text, text.at(-1) ?? '') > count(text, opening);
    if (!closesMore && !SENTENCE_END.test(text)) return text;
  }
}

/** @param {string} text @param {string} character */
function count(text, character) {
  return text.split(character).length - 1;
}

/** @param {RegExpMatchArray} match @param {Map<string, number>} names */
function nameAt([, found], names) {
  // A name may end in what also ends a sentence.
  for (const name of [found, found.replace(/[.@+-]+$/u, '')]) {
    const user = names.get(name.toLowerCase());
    if (user !== undefined) return { text: `@${name}`, user };
  }
  return null;
}
