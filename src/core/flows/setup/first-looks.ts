import type { Application } from "../../../domain/identity.ts";
import type { Directory } from "../../ports.ts";

/**
 * A directory whose first looks for some applications were begun before anybody asked: whoever asks first is given
 * what came of them, and whoever asks again has the directory asked anew.
 */
export class FirstLooks {
  readonly #directory: Directory;
  readonly #begun = new Map<string, Promise<Application | undefined>>();

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  /**
   * Begins to look for the application of a unique name.
   * @param amongDeleted also among those that were deleted and can be restored
   */
  begin(uniqueName: string, amongDeleted: boolean, signal: AbortSignal): void {
    this.#note("living", uniqueName, this.#directory.findApplicationByUniqueName(uniqueName, signal));
    if (!amongDeleted) return;
    this.#note("deleted", uniqueName, this.#directory.findDeletedApplication(uniqueName, signal));
  }

  get directory(): Directory {
    return {
      ...this.#directory,
      findApplicationByUniqueName: (uniqueName, signal) =>
        this.#take("living", uniqueName) ?? this.#directory.findApplicationByUniqueName(uniqueName, signal),
      findDeletedApplication: (uniqueName, signal) =>
        this.#take("deleted", uniqueName) ?? this.#directory.findDeletedApplication(uniqueName, signal),
    };
  }

  #note(kind: string, uniqueName: string, look: Promise<Application | undefined>): void {
    // Nobody needs to ask for it: the registry may turn out to have another name.
    look.catch(() => {});
    this.#begun.set(`${kind} ${uniqueName}`, look);
  }

  #take(kind: string, uniqueName: string): Promise<Application | undefined> | undefined {
    const key = `${kind} ${uniqueName}`;
    const look = this.#begun.get(key);
    this.#begun.delete(key);
    return look;
  }
}
