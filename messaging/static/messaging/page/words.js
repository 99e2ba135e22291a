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
 * @returns {{words: string, countdown: string, action: string}} `countdown` goes before the seconds; both may be empty
 */
export function stateWords({ state, reason }) {
  switch (state) {
    case 'connected':
      return { words: 'Connected', countdown: '', action: '' };
    case 'connecting':
      return { words: 'Connecting…', countdown: '', action: '' };
    case 'waiting':
      return { words: 'Reconnecting', countdown: 'in', action: 'Now' };
    case 'offline':
      return { words: 'Offline', countdown: 'trying in', action: 'Now' };
    case 'elsewhere':
      return {
        words: reason === 'replaced' ? 'Another device took over' : 'Another device is connected',
        countdown: '',
        action: 'Use here',
      };
    default:
      return { words: reason === 'disabled' ? 'This account is disabled' : 'Signed out', countdown: '', action: '' };
  }
}

/** @type {Record<string, string>} */
const STATUSES = { sending: 'Sending', stored: 'Sent', read: 'Read', failed: 'Not sent' };

/** What has become of an own message. @param {{status: string|null, readers: string}} row */
export function statusWords({ status, readers }) {
  return readers && status !== 'read' ? readers : (STATUSES[status ?? ''] ?? '');
}

/** @param {string[]} names of who is typing */
export function typingWords(names) {
  if (names.length === 0) return '';
  if (names.length > 2) return `${names.length} people are typing…`;
  return names.length === 1 ? `${names[0]} is typing…` : `${names[0]} and ${names[1]} are typing…`;
}

/** @param {number} count @param {string} one @param {string} [many] */
export function counted(count, one, many = `${one}s`) {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
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
 * @returns {string[]} pieces, of which every second one is a name or a title
 */
export function noteWords(event, nameOf) {
  const sender = nameOf(event.sender);
  switch (event.type) {
    case 'member.added':
      return ['', sender, ' added ', nameOf(event.user)];
    case 'member.removed':
      return event.user === event.sender ? ['', sender, ' left'] : ['', sender, ' removed ', nameOf(event.user)];
    case 'member.role':
      return ['', sender, ' made ', nameOf(event.user), ` ${ROLES[event.role] ?? event.role}`];
    default:
      return event.title ? ['', sender, ' named the chat ', event.title] : ['', sender, ' removed the name of the chat'];
  }
}
