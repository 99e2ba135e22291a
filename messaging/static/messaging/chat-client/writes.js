/**
 * The unanswered writes of each user, in IndexedDB: a reload or a crash loses none, and all tabs find the same.
 *
 * Where there is no IndexedDB, or it fails, they live as long as the tab: a chat that cannot remember still sends.
 */

const NAME = 'onesocket';
const WRITES = 'writes';
const BY_ID = 'by_id';
// A database that another tab blocks or that does not answer is worth no longer wait.
const OPEN_WITHIN_MS = 2_000;

/** @typedef {import('./outbox.js').Command} Command */

export class Writes {
  /** @type {Promise<IDBDatabase|null>|null} */
  #database = null;

  /** The writes of a user, oldest first. @param {string} user @returns {Promise<Command[]>} */
  async load(user) {
    /** @type {{command: Command}[]} */
    const rows = (await this.#run('readonly', (writes) => writes.index('by_user').getAll(user))) ?? [];
    return rows.map((row) => row.command);
  }

  /** Keep a write, unless it is kept. @param {string} user @param {Command} command */
  add(user, command) {
    return this.#run('readwrite', (writes) => {
      const known = writes.index(BY_ID).getKey([user, command.chat, command.id]);
      known.onsuccess = () => known.result === undefined && writes.add({ user, command });
    });
  }

  /** It has its answer. @param {string} user @param {{chat: number, id: string}} command */
  remove(user, command) {
    return this.#run('readwrite', (writes) => {
      const known = writes.index(BY_ID).getKey([user, command.chat, command.id]);
      known.onsuccess = () => known.result !== undefined && writes.delete(known.result);
    });
  }

  /** Forget what a user did not get sent. @param {string} user */
  clear(user) {
    return this.#run('readwrite', (writes) => {
      const keys = writes.index('by_user').getAllKeys(user);
      keys.onsuccess = () => keys.result.forEach((key) => writes.delete(key));
    });
  }

  /**
   * @param {IDBTransactionMode} mode
   * @param {(writes: IDBObjectStore) => IDBRequest|void} work
   * @returns {Promise<any>} what it found, once it is committed; undefined where nothing can be kept
   */
  async #run(mode, work) {
    this.#database ??= open();
    const database = await this.#database;
    if (!database) return undefined;
    try {
      return await new Promise((resolve, reject) => {
        const transaction = database.transaction(WRITES, mode);
        const request = work(transaction.objectStore(WRITES));
        transaction.oncomplete = () => resolve(request?.result);
        transaction.onabort = () => reject(transaction.error);
      });
    } catch (error) {
      console.warn('writes are not kept:', error);
      return undefined;
    }
  }
}

/** @returns {Promise<IDBDatabase|null>} */
async function open() {
  if (!globalThis.indexedDB) return null;
  return new Promise((resolve) => {
    const fail = () => resolve(null);
    setTimeout(fail, OPEN_WITHIN_MS);
    try {
      const request = indexedDB.open(NAME, 1);
      request.onupgradeneeded = () => create(request.result);
      request.onsuccess = () => {
        // Another tab, of a later version of this file, wants to change the database.
        request.result.onversionchange = () => request.result.close();
        resolve(request.result);
      };
      request.onerror = fail;
    } catch {
      fail();
    }
  });
}

/** @param {IDBDatabase} database */
function create(database) {
  // The key counts up: its order is the order of writing, whatever the clock does.
  const writes = database.createObjectStore(WRITES, { autoIncrement: true });
  writes.createIndex('by_user', 'user');
  writes.createIndex(BY_ID, ['user', 'command.chat', 'command.id'], { unique: true });
}
