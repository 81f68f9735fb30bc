/** Which part of a list is on the screen: a window that follows the pointer. */
export class Page {
  #top = 0;

  /**
   * The window's first entry and the one after its last.
   * @param rows how many entries fit
   */
  around(pointer: number, rows: number, count: number): { readonly from: number; readonly to: number } {
    this.#top = Math.max(Math.min(this.#top, pointer, count - rows), pointer - rows + 1, 0);
    return { from: this.#top, to: Math.min(this.#top + rows, count) };
  }
}
