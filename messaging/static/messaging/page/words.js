/**
 * What the page says: errors, the state of the socket, and the notes between messages.
 */

/** @type {Record<string, string>} */
const ERRORS = {
  unreachable: 'The server cannot be reached.',
  unavailable: 'The server cannot answer just now.',
  internal: 'Something went wrong on the server.',
  rate_limited: 'That was too much at once.',
  credentials_invalid: 'This name and password do not go together.',
  username_taken: 'This name is taken.',
  token_invalid: 'You are signed out.',
  token_expired: 'You are signed out.',
  not_a_member: 'You are not a member of this chat.',
  forbidden: 'You may not do this.',
  limit_reached: 'There is no room for more.',
  message_not_found: 'This message is not there any more.',
  user_not_found: 'This person was not found.',
  not_found: 'This was not found.',
  outbox_full: 'Too many messages are waiting to be sent.',
};

/**
 * Put an error into words.
 * @param {any} error an `ApiError`, an error frame, or anything else that was thrown
 * @returns {string}
 */
export function errorWords(error) {
  const code = error?.code ?? error?.message;
  const words = ERRORS[code] ?? (error?.detail || 'Something went wrong.');
  const wait = error?.retryAfter ?? error?.retry_after;
  return wait ? `${words} Try again in ${Math.ceil(wait)} s.` : words;
}

/**
 * @param {import('../chat-client/connection.js').State} state
 * @returns {{words: string, countdown: string|null, action: string|null}} `countdown` goes before the seconds
 */
export function stateWords({ state, reason }) {
  switch (state) {
    case 'connected':
      return { words: 'Connected', countdown: null, action: null };
    case 'connecting':
      return { words: 'Connecting…', countdown: null, action: null };
    case 'waiting':
      return { words: 'No connection.', countdown: 'Reconnecting in', action: 'Reconnect now' };
    case 'offline':
      return { words: 'You are offline.', countdown: 'Trying again in', action: 'Try now' };
    case 'elsewhere':
      return {
        words: reason === 'replaced' ? 'Open in another tab or on another device.' : 'Another device is connected.',
        countdown: null,
        action: 'Use here',
      };
    default:
      return {
        words: reason === 'disabled' ? 'This account is disabled.' : 'Signed out',
        countdown: null,
        action: null,
      };
  }
}

/** Events that are shown between the messages. */
const NOTES = new Set(['member.added', 'member.removed', 'member.role', 'chat.updated']);

/** @param {string} type */
export function isNote(type) {
  return NOTES.has(type);
}

/** @type {Record<string, string>} */
const ROLES = { owner: 'an owner', admin: 'an admin', member: 'a member' };

/**
 * @param {any} event
 * @param {(id: any) => string} nameOf
 */
export function noteWords(event, nameOf) {
  const sender = nameOf(event.sender);
  switch (event.type) {
    case 'member.added':
      return `${sender} added ${nameOf(event.user)}.`;
    case 'member.removed':
      return event.user === event.sender ? `${sender} left.` : `${sender} removed ${nameOf(event.user)}.`;
    case 'member.role':
      return `${sender} made ${nameOf(event.user)} ${ROLES[event.role] ?? event.role}.`;
    default:
      return event.title ? `${sender} named the chat “${event.title}”.` : `${sender} removed the name of the chat.`;
  }
}
