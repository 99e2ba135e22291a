/**
 * When something was, in as few words as will do. The words of the page are English, and so are its dates.
 */

const LOCALE = navigator.language.startsWith('en') ? navigator.language : 'en-GB';
const CLOCK = new Intl.DateTimeFormat(LOCALE, { timeStyle: 'short' });
const WEEKDAY = new Intl.DateTimeFormat(LOCALE, { weekday: 'long' });
const SHORT_WEEKDAY = new Intl.DateTimeFormat(LOCALE, { weekday: 'short' });
const DATE = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'short' });
const DATE_OF_YEAR = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'long', year: 'numeric' });
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Count the midnights between a time and now, as this place on earth has them. @param {Date} date @param {Date} now */
function daysBefore(date, now) {
  const day = (/** @type {Date} */ time) => Date.UTC(time.getFullYear(), time.getMonth(), time.getDate());
  return Math.round((day(now) - day(date)) / (24 * HOUR_MS));
}

/** Name the day, the same for all times of it. @param {string} at @param {Date} [now] */
export function dayOf(at, now = new Date()) {
  const date = new Date(at);
  const days = daysBefore(date, now);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  return days > 1 && days < 7 ? WEEKDAY.format(date) : DATE_OF_YEAR.format(date);
}

/** @param {string} at */
export function clockOf(at) {
  return CLOCK.format(new Date(at));
}

/** Date and time, for where there is room. @param {string} at */
export function fullTimeOf(at) {
  return `${DATE_OF_YEAR.format(new Date(at))}, ${clockOf(at)}`;
}

/** For a narrow column: the clock today, the day this week, then the date. @param {string} at @param {Date} [now] */
export function shortTimeOf(at, now = new Date()) {
  const date = new Date(at);
  const days = daysBefore(date, now);
  if (days === 0) return CLOCK.format(date);
  if (days === 1) return 'Yesterday';
  return days > 1 && days < 7 ? SHORT_WEEKDAY.format(date) : DATE.format(date);
}

/** @param {string|null|undefined} at @param {Date} [now] */
export function lastSeenOf(at, now = new Date()) {
  if (!at) return 'Offline';
  const ago = now.getTime() - Date.parse(at);
  if (ago < MINUTE_MS) return 'Last seen just now';
  if (ago < HOUR_MS) return `Last seen ${Math.floor(ago / MINUTE_MS)} min ago`;
  const days = daysBefore(new Date(at), now);
  if (days === 0) return `Last seen at ${clockOf(at)}`;
  return days === 1 ? `Last seen yesterday at ${clockOf(at)}` : `Last seen ${shortTimeOf(at, now)}`;
}
