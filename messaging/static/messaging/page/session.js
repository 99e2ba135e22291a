/**
 * What the browser remembers: the session for as long as the tab lives, the device id for good.
 */

import { makeId } from '../chat-client.js';

const SESSION_KEY = 'onesocket.session';
const DEVICE_KEY = 'onesocket.device.';

/** @typedef {import('../chat-client/rest.js').Session} Session */

/** @returns {Session|null} */
export function loadSession() {
  try {
    const session = JSON.parse(sessionStorage.getItem(SESSION_KEY) ?? 'null');
    return session?.username && session?.refresh ? session : null;
  } catch {
    return null;
  }
}

/** @param {Session|null} session */
export function saveSession(session) {
  try {
    if (session) sessionStorage.setItem(SESSION_KEY, JSON.stringify(session));
    else sessionStorage.removeItem(SESSION_KEY);
  } catch {
    // Without storage a reload asks for the password again; nothing else is lost.
  }
}

/** @type {Map<string, string>} Used where there is no storage. */
const devices = new Map();

/** The id of this installation for one user, made once. @param {string} username */
export function deviceFor(username) {
  const known = devices.get(username);
  if (known) return known;
  let device = makeId();
  try {
    const key = DEVICE_KEY + username;
    device = localStorage.getItem(key) ?? device;
    localStorage.setItem(key, device);
  } catch {
    // Then it lives as long as the page.
  }
  devices.set(username, device);
  return device;
}

/**
 * Keep the tabs of one session together. A duplicated tab starts with a copy of the refresh token, which is good for
 * one use only: whoever spends it tells the others what it got for it.
 * @param {import('../chat-client.js').ChatClient} client
 */
export function shareSession(client) {
  const tabs = new BroadcastChannel(SESSION_KEY);
  client.addEventListener('session', (event) => {
    const { session, spent } = /** @type {CustomEvent} */ (event).detail;
    saveSession(session);
    if (session && spent) tabs.postMessage({ spent, next: session.refresh });
  });
  tabs.onmessage = (message) => client.adoptRefresh(message.data.spent, message.data.next);
}
