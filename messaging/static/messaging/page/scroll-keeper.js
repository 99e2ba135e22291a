/**
 * Keeps the place one reads at while lines come and go above and below it.
 */

// As near to the end as this counts as at the end, in CSS pixels.
const END_TOLERANCE = 40;

export class ScrollKeeper {
  #scroller;
  #list;
  /** Where `toEnd` has left it. */
  #endTop = 0;

  /** @param {HTMLElement} scroller @param {HTMLElement} list whose children are the lines, from top to bottom */
  constructor(scroller, list) {
    this.#scroller = scroller;
    this.#list = list;
  }

  get above() {
    return this.#scroller.scrollTop;
  }

  get below() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight;
  }

  get isAtEnd() {
    return this.below < END_TOLERANCE;
  }

  /** Whether somebody has scrolled up since `toEnd`: known before the event that tells so, which comes with the next frame. */
  get hasLeftEnd() {
    return !this.isAtEnd && this.above < this.#endTop - 1;
  }

  toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#endTop = this.#scroller.scrollTop;
  }

  /** Put a line so many pixels below the upper edge, or as near to it as there is something to scroll. @param {Element} line @param {number} below */
  toTop(line, below) {
    this.#scroller.scrollTop += line.getBoundingClientRect().top - this.#scroller.getBoundingClientRect().top - below;
  }

  /** Change the lines without moving those that are in sight. @param {() => void} change */
  around(change) {
    const anchor = this.#firstInSight();
    const before = anchor?.getBoundingClientRect().top ?? 0;
    change();
    if (!anchor?.isConnected) return;
    const moved = anchor.getBoundingClientRect().top - before;
    if (moved !== 0) this.#scroller.scrollTop += moved;
  }

  #firstInSight() {
    const { children } = this.#list;
    const { top } = this.#scroller.getBoundingClientRect();
    let low = 0;
    let high = children.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (children[middle].getBoundingClientRect().bottom <= top) low = middle + 1;
      else high = middle;
    }
    return children[low] ?? null;
  }
}
