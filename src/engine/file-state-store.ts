import { parseState, type State } from "../domain/state.ts";
import type { StateFile } from "./ports.ts";
import { StateMoved, type StateStore } from "./state-store.ts";

/**
 * A state in a file beside documents, committed with them. It is saved when it is pushed, not before, so a lock would
 * exclude nobody: there is none, and no copy that was not meant, since that is how Git works.
 */
export class FileStateStore implements StateStore {
  readonly isCopy = false;
  readonly heldBy = undefined;
  readonly lost = new AbortController().signal;
  readonly #file: StateFile;
  /** What the file holds, as far as this run knows. */
  #text: string | undefined;
  #state: State | undefined;
  /** Writes go one after the other. */
  #last: Promise<void> = Promise.resolve();

  constructor(file: StateFile) {
    this.#file = file;
  }

  get place(): string {
    return this.#file.path;
  }

  get state(): State | undefined {
    return this.#state;
  }

  async read(): Promise<void> {
    this.#text = await this.#file.read();
    this.#state = this.#text === undefined ? undefined : parseState(this.#text, this.place);
  }

  /** There is nothing to take. It shows whether the file is still as it was read. */
  async take(): Promise<void> {
    if ((await this.#file.read()) !== this.#text) throw new StateMoved("the file was changed");
  }

  async create(state: State): Promise<void> {
    await this.#write(state);
    this.#state = state;
  }

  save(change: Partial<State>): Promise<void> {
    if (!this.#state) throw new TypeError("a state is created before it is saved");
    return this.replace({ ...this.#state, ...change });
  }

  replace(state: State): Promise<void> {
    this.#state = state;
    return this.#write(state);
  }

  ensure(): Promise<void> {
    return Promise.resolve();
  }

  release(): Promise<void> {
    return Promise.resolve();
  }

  async delete(): Promise<void> {
    await this.#file.remove();
    this.#text = undefined;
    this.#state = undefined;
  }

  #write(state: State): Promise<void> {
    this.#last = this.#writeAfter(this.#last, state);
    return this.#last;
  }

  async #writeAfter(last: Promise<void>, state: State): Promise<void> {
    await last.catch(() => {});
    await this.take();
    // One field a line, so that Git can merge it.
    const text = `${JSON.stringify(state, undefined, 2)}\n`;
    await this.#file.write(text);
    this.#text = text;
  }
}
