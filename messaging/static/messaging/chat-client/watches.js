/**
 * Whose presence the tabs want to hear of: the server keeps one list for the one connection.
 */

// As many as the server takes.
const MOST = 200;

export class Watches {
  /** @type {Map<string, any[]>} tab → users, the list given last at the end */
  #lists = new Map();

  /** @param {string} tab @param {any[]} users @returns {any[]} the users of all tabs, newest list first */
  put(tab, users) {
    this.#lists.delete(tab);
    this.#lists.set(tab, users);
    return [...new Set([...this.#lists.values()].reverse().flat())].slice(0, MOST);
  }

  /** A connection begins without a list, and each tab that is still there gives its own again. */
  clear() {
    this.#lists.clear();
  }
}
