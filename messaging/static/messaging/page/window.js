/**
 * Which of many messages are in the document: as many as fill some screens, wherever one reads. Pure.
 */

export const FIRST = 60;
export const STEP = 50;
export const MOST = 200;

/** A range of a list of items, held by their numbers: what comes before or after it does not move it. */
export class Window {
  /** The number of its first item. @type {number|null} null: not known yet */
  #from = null;
  /** The number of its last item. @type {number|null} null: it goes to the end, and grows with it */
  #to = null;
  /** @type {{seq: number}[]} */
  #items = [];
  #low = 0;
  #high = 0;

  /** Whether the newest items are in it. */
  get isAtTail() {
    return this.#to === null;
  }

  /** How many items there are before it. */
  get before() {
    return this.#low;
  }

  /** @returns {any[]} */
  get items() {
    return this.#items.slice(this.#low, this.#high);
  }

  /** The item before its first one. @returns {any} */
  get previous() {
    return this.#items[this.#low - 1] ?? null;
  }

  /** Go to the newest items. */
  reset() {
    this.#from = this.#to = null;
    this.#place();
  }

  /**
   * @param {{seq: number}[]} items oldest first
   * @param {boolean} follows whether the newest are looked at, so that the oldest may go
   */
  set(items, follows) {
    this.#items = items;
    this.#place();
    if (this.#to === null && this.#high - this.#low > MOST) {
      if (follows) this.#from = items[this.#high - FIRST].seq;
      else this.#to = items[this.#low + MOST - 1].seq;
      this.#place();
    }
    this.#from = items[this.#low]?.seq ?? null;
  }

  /** Take in older items, and leave out the newest where there are too many. */
  extendUp() {
    const low = Math.max(0, this.#low - STEP);
    this.#move(low, Math.min(this.#high, low + MOST));
  }

  /** Take in newer items, and leave out the oldest where there are too many. */
  extendDown() {
    const high = Math.min(this.#items.length, this.#high + STEP);
    this.#move(Math.max(this.#low, high - MOST), high);
  }

  /** Put an item in the middle. @param {number} seq @returns {boolean} whether there is such an item */
  show(seq) {
    const place = this.#find(seq);
    if (this.#items[place]?.seq !== seq) return false;
    const half = MOST / 4;
    if (place < this.#low || place >= this.#high) this.#move(Math.max(0, place - half), Math.min(this.#items.length, place + half));
    return true;
  }

  /** @param {number} low @param {number} high */
  #move(low, high) {
    this.#from = this.#items[low]?.seq ?? null;
    this.#to = high === this.#items.length ? null : this.#items[high - 1].seq;
    this.#place();
  }

  #place() {
    this.#high = this.#to === null ? this.#items.length : this.#find(this.#to + 1);
    this.#low = this.#from === null ? Math.max(0, this.#high - FIRST) : Math.min(this.#find(this.#from), this.#high);
  }

  /** Find the place of the first item with at least this number. @param {number} seq */
  #find(seq) {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#items[middle].seq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
