import type { Application } from "../../../domain/identity.ts";
import type { Directory, PullProof } from "../../ports.ts";

/**
 * Looks that were begun before anybody asked, while what they are about was still being looked for. Whoever asks first
 * is given what came of them, and whoever asks again has it looked up anew.
 */
export class FirstLooks {
  readonly #directory: Directory;
  readonly #pullProof: Pick<PullProof, "checkReachable">;
  readonly #begun = new Map<string, Promise<unknown>>();

  constructor(directory: Directory, pullProof: Pick<PullProof, "checkReachable">) {
    this.#directory = directory;
    this.#pullProof = pullProof;
  }

  /**
   * Begins to look for the application of a unique name.
   * @param amongDeleted also among those that were deleted and can be restored
   */
  beginApplication(uniqueName: string, amongDeleted: boolean, signal: AbortSignal): void {
    this.#note("application", uniqueName, this.#directory.findApplicationByUniqueName(uniqueName, signal));
    if (!amongDeleted) return;
    this.#note("deleted", uniqueName, this.#directory.findDeletedApplication(uniqueName, signal));
  }

  /** Begins to look whether a registry can be reached from here. */
  beginReachable(loginServer: string, signal: AbortSignal): void {
    this.#note("reachable", loginServer, this.#pullProof.checkReachable(loginServer, signal));
  }

  /** The directory, whose first looks these are. */
  get directory(): Directory {
    return {
      ...this.#directory,
      findApplicationByUniqueName: (uniqueName, signal) =>
        this.#take<Application | undefined>("application", uniqueName) ??
        this.#directory.findApplicationByUniqueName(uniqueName, signal),
      findDeletedApplication: (uniqueName, signal) =>
        this.#take<Application | undefined>("deleted", uniqueName) ??
        this.#directory.findDeletedApplication(uniqueName, signal),
    };
  }

  /** As PullProof has it. */
  checkReachable(loginServer: string, signal: AbortSignal): Promise<void> {
    return this.#take<void>("reachable", loginServer) ?? this.#pullProof.checkReachable(loginServer, signal);
  }

  #note(kind: string, key: string, look: Promise<unknown>): void {
    // Nobody needs to ask for it: the registry may turn out to have another name.
    look.catch(() => {});
    this.#begun.set(`${kind} ${key}`, look);
  }

  #take<T>(kind: string, key: string): Promise<T> | undefined {
    const whole = `${kind} ${key}`;
    const look = this.#begun.get(whole) as Promise<T> | undefined;
    this.#begun.delete(whole);
    return look;
  }
}
