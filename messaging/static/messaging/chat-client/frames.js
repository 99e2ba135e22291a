/**
 * What frames are: events told from signals, and the event that an ack stands for.
 */

const SIGNALS = new Set(['read', 'typing', 'presence']);
/** @type {Record<string, string>} What each write becomes in the log. */
const EVENT_OF = {
  'message.send': 'message.created',
  'message.edit': 'message.edited',
  'message.delete': 'message.deleted',
  'reaction.set': 'reaction.set',
};

/** Signals may name a `seq` too; events of kinds we do not know still count. @param {any} frame */
export function isEvent(frame) {
  const signal = SIGNALS.has(frame.type) || frame.type.startsWith('app.');
  return !signal && Number.isInteger(frame.chat) && Number.isInteger(frame.seq);
}

/**
 * Make the event whose place an ack has taken.
 * @param {import('./outbox.js').Command} command
 * @param {any} ack
 * @param {any} sender
 */
export function eventOf(command, ack, sender) {
  const { type, seq: target, ...fields } = command;
  const event = { ...fields, type: EVENT_OF[type] ?? type, seq: ack.seq, at: ack.at, sender };
  return target === undefined ? event : { ...event, target };
}
