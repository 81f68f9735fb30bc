/** Work that is done once for each request and then remembered; what failed, or does not last, is done anew. */
export class Once {
  readonly #done = new Map<string, Promise<unknown>>();

  /**
   * The outcome of the work for a request, under way or done.
   * @param kind tells requests of one form apart that mean different work
   * @param request compared by its JSON
   * @param lasts whether an outcome is to be remembered; one that somebody will mend is not
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
