/**
 * What the browser remembers for all tabs, none of it secret: who is signed in, and the id of this installation.
 */

import { makeId } from './text.js';

const SESSION_KEY = 'onesocket.session';
const DEVICE_KEY = 'onesocket.device.';

/** @typedef {import('./rest.js').Session} Session */

/** @type {Map<string, string>} Used where there is no storage. */
const devices = new Map();

/** Who is signed in by the cookie of this browser. @returns {Session|null} */
export function recallSession() {
  try {
    return sessionOf(localStorage.getItem(SESSION_KEY));
  } catch {
    return null;
  }
}

/** @param {Session} session */
export function rememberSession({ username, user }) {
  keep(() => localStorage.setItem(SESSION_KEY, JSON.stringify({ username, user })));
}

/** Forget who is signed in, unless that is somebody else by now. @param {Session} session */
export function forgetSession({ user }) {
  keep(() => recallSession()?.user === user && localStorage.removeItem(SESSION_KEY));
}

/**
 * Hear when another tab signs somebody in or out.
 * @param {EventTarget|null} events
 * @param {(session: Session|null) => void} onChange
 */
export function watchSession(events, onChange) {
  events?.addEventListener('storage', (event) => {
    const { key, newValue } = /** @type {StorageEvent} */ (event);
    // Without a key everything was cleared.
    if (key === SESSION_KEY || key === null) onChange(sessionOf(newValue));
  });
}

/** The id of this installation for one user, made once. @param {string} username */
export function deviceFor(username) {
  const known = devices.get(username);
  if (known) return known;
  let device = makeId();
  keep(() => {
    device = localStorage.getItem(DEVICE_KEY + username) ?? device;
    localStorage.setItem(DEVICE_KEY + username, device);
  });
  devices.set(username, device);
  return device;
}

/** @param {string|null} text @returns {Session|null} */
function sessionOf(text) {
  try {
    const session = JSON.parse(text ?? 'null');
    return session?.username ? session : null;
  } catch {
    return null;
  }
}

/** @param {() => void} work */
function keep(work) {
  try {
    work();
  } catch {
    // No storage, or none that may be used: then it lives as long as the page.
  }
}
