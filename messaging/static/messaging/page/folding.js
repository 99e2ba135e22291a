/**
 * What an event does to a message that is known: the same folding that the server does for history. Pure.
 */

/** @typedef {{seq: number, key: string, type: string, [field: string]: any}} Item never changed, only replaced */

/**
 * @param {any} message folded
 * @param {any} event an event or a write that targets it, with `sender`
 * @param {any} me
 * @returns {any} the message as it is after the event
 */
export function fold(message, event, me) {
  if (message.deleted) return message;
  switch (event.type) {
    case 'message.edited':
      return event.deleted ? message : edited(message, event);
    case 'message.deleted':
      return deleted(message);
    case 'reaction.set':
      return { ...message, reactions: reacted(message.reactions ?? [], event, event.sender === me) };
    default:
      return message;
  }
}

/** @param {any} message @param {any} event */
function edited(message, { text, at, mentions }) {
  return { ...message, text, edited_at: at, mentions };
}

/** @param {any} message */
function deleted({ seq, key, type, chat, at, sender }) {
  return { seq, key, type, chat, at, sender, deleted: true };
}

/**
 * @param {{emoji: string, count: number, mine: boolean}[]} reactions
 * @param {{emoji: string, on: boolean}} event
 * @param {boolean} isMine
 */
function reacted(reactions, { emoji, on }, isMine) {
  const present = reactions.find((reaction) => reaction.emoji === emoji) ?? { emoji, count: 0, mine: false };
  // The own one is known for sure, so that the same thing told twice counts once.
  if (isMine && present.mine === on) return reactions;
  const next = { emoji, count: Math.max(0, present.count + (on ? 1 : -1)), mine: isMine ? on : present.mine };
  const others = reactions.filter((reaction) => reaction !== present);
  if (next.count === 0) return others;
  return reactions.includes(present) ? reactions.map((each) => (each === present ? next : each)) : [...others, next];
}
