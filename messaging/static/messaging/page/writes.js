/**
 * What was written here and has no answer yet, and messages that were refused: shown at once, as if all were well.
 */

/** @typedef {import('../chat-client.js').Command} Command */
/** @typedef {{key: string, command: any, at: string, error: string|null}} Write never changed, only replaced */

/** The event that each write will become, if all is well. @type {Record<string, string>} */
const BECOMES = {
  'message.edit': 'message.edited',
  'message.delete': 'message.deleted',
  'reaction.set': 'reaction.set',
};

export class Writes {
  /** @type {Write[]} in the order of writing */
  #writes = [];

  clear() {
    this.#writes = [];
  }

  /** Take a write, or one that is tried again in its old place. @param {any} command */
  add(command) {
    const present = this.#writes.find((write) => write.command.id === command.id);
    const write = { key: `id-${command.id}`, command, at: present?.at ?? new Date().toISOString(), error: null };
    this.#writes = present ? this.#writes.map((each) => (each === present ? write : each)) : [...this.#writes, write];
  }

  /** @param {string} id */
  find(id) {
    return this.#writes.find((write) => write.command.id === id);
  }

  /** It is written. @param {string} id */
  remove(id) {
    this.#writes = this.#writes.filter((write) => write.command.id !== id);
  }

  /**
   * It was refused. A message stays, to be sent again; a change of one is as if it had not been.
   * @param {string} id @param {string} error in words
   */
  fail(id, error) {
    if (this.find(id)?.command.type !== 'message.send') this.remove(id);
    this.#writes = this.#writes.map((write) => (write.command.id === id ? { ...write, error } : write));
  }

  /** @param {number} chat */
  messagesOf(chat) {
    return this.#writes.filter(({ command }) => command.chat === chat && command.type === 'message.send');
  }

  /**
   * The changes that are on their way, as the events they will become, by the message they change.
   * @param {number} chat @param {any} me
   * @returns {Map<number, any[]>}
   */
  changesOf(chat, me) {
    const changes = new Map();
    for (const { command, at } of this.#writes) {
      const type = BECOMES[command.type];
      if (command.chat !== chat || type === undefined) continue;
      const event = { ...command, type, at, target: command.seq, sender: me };
      changes.set(command.seq, [...(changes.get(command.seq) ?? []), event]);
    }
    return changes;
  }

  /** @param {number} chat */
  drop(chat) {
    this.#writes = this.#writes.filter(({ command }) => command.chat !== chat);
  }
}
