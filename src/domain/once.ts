/**
 * Does work once for each request and remembers the outcome; a failure, or an outcome that does not last, is not
 * remembered.
 */
export class Once {
  readonly #done = new Map<string, Promise<unknown>>();

  /**
   * The outcome of the work for a request, whether it is in progress or done.
   * @param kind distinguishes different work for equal requests
   * @param request compared by its JSON
   * @param lasts whether to remember an outcome; false for one that somebody will fix
   */
  do<T>(
    kind: string,
    request: unknown,
    work: () => Promise<T>,
    lasts: (outcome: T) => boolean = () => true,
  ): Promise<T> {
    const key = JSON.stringify([kind, request]);
    const known = this.#done.get(key) as Promise<T> | undefined;
    if (known) return known;
    const doing = work();
    this.#done.set(key, doing);
    const forget = () => this.#done.delete(key);
    doing.then((outcome) => lasts(outcome) || forget(), forget);
    return doing;
  }
}
