import type { Application, Certified } from "../../domain/identity.ts";
import type { Directory, PullProof } from "../ports.ts";

/**
 * Looks that begin early, while it is not yet certain that they will be needed. The first caller that asks for one
 * gets its result. A caller that asks again causes a new look.
 */
export class FirstLooks {
  readonly #directory: Directory;
  readonly #pullProof: Pick<PullProof, "checkReachable">;
  readonly #begun = new Map<string, { readonly look: Promise<unknown>; readonly stop: AbortController }>();

  #closed = false;

  constructor(directory: Directory, pullProof: Pick<PullProof, "checkReachable">) {
    this.#directory = directory;
    this.#pullProof = pullProof;
  }

  /**
   * Begins to look for the application with this unique name.
   * @param amongDeleted also among deleted applications that can be restored
   */
  beginApplication(uniqueName: string, amongDeleted: boolean, signal: AbortSignal): void {
    this.#note("application", uniqueName, signal, (own) =>
      this.#directory.findApplicationByUniqueName(uniqueName, own),
    );
    if (!amongDeleted) return;
    this.#note("deleted", uniqueName, signal, (own) =>
      this.#directory.findDeletedApplication(uniqueName, own),
    );
  }

  /** Begins to check whether a registry can be reached from here. */
  beginReachable(loginServer: string, signal: AbortSignal): void {
    this.#note("reachable", loginServer, signal, (own) => this.#pullProof.checkReachable(loginServer, own));
  }

  /** The directory, which uses these looks for its first answers. */
  get directory(): Directory {
    return {
      ...this.#directory,
      findApplicationByUniqueName: (uniqueName, signal) =>
        this.#take<Application | undefined>("application", uniqueName) ??
        this.#directory.findApplicationByUniqueName(uniqueName, signal),
      findDeletedApplication: (uniqueName, signal) =>
        this.#take<(Application & Certified) | undefined>("deleted", uniqueName) ??
        this.#directory.findDeletedApplication(uniqueName, signal),
    };
  }

  /** As in PullProof. */
  checkReachable(loginServer: string, signal: AbortSignal): Promise<void> {
    return this.#take<void>("reachable", loginServer) ?? this.#pullProof.checkReachable(loginServer, signal);
  }

  /** Gives up the looks that nobody asked for. The registry may have turned out to have another name. */
  close(): void {
    this.#closed = true;
    for (const { stop } of this.#begun.values()) stop.abort();
    this.#begun.clear();
  }

  #note(kind: string, key: string, signal: AbortSignal, begin: (own: AbortSignal) => Promise<unknown>): void {
    if (this.#closed) return;
    const stop = new AbortController();
    const look = begin(AbortSignal.any([signal, stop.signal]));
    // A failure concerns only a caller that asks for the look.
    look.catch(() => {});
    this.#begun.set(`${kind} ${key}`, { look, stop });
  }

  #take<T>(kind: string, key: string): Promise<T> | undefined {
    const whole = `${kind} ${key}`;
    const begun = this.#begun.get(whole);
    this.#begun.delete(whole);
    return begun?.look as Promise<T> | undefined;
  }
}
