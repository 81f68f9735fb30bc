import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { fiveNamespacesWorld, type State } from "./starts.ts";
import { restore, snapshotOf, type Snapshot } from "./world-snapshot.ts";

/** A sandbox that keeps a part of its world elsewhere, and copies it there when the whole world has changed. */
type MovableSandbox = Sandbox & { readonly moveIn?: () => Promise<void> };

/**
 * Sandboxes that many cases use one after the other. A state is made once, and each case starts from it. A sandbox in
 * which a case failed is not used again.
 */
export class Worlds {
  readonly #idle: MovableSandbox[] = [];
  readonly #states = new Map<State, Promise<Snapshot>>();
  readonly #start: () => Promise<MovableSandbox>;

  constructor(start: () => Promise<MovableSandbox> = () => startSandbox(fiveNamespacesWorld)) {
    this.#start = start;
  }

  /**
   * Lets a case use a world of its own. The world is in the given state, and its invariants are checked from then on.
   * @throws whatever the case throws
   */
  async use<T>(state: State, work: (sandbox: Sandbox) => Promise<T>): Promise<T> {
    const snapshot = await this.#snapshot(state);
    return this.#withSandbox(async (sandbox) => {
      restore(sandbox, snapshot);
      await sandbox.moveIn?.();
      // Two while a key is replaced, and one that an unfinished run left.
      sandbox.invariants.maxLiveKeys = 3;
      sandbox.invariants.watch();
      return work(sandbox);
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((sandbox) => sandbox.close()));
  }

  #snapshot(state: State): Promise<Snapshot> {
    let snapshot = this.#states.get(state);
    if (!snapshot) this.#states.set(state, (snapshot = this.#make(state)));
    return snapshot;
  }

  async #make(state: State): Promise<Snapshot> {
    const { from } = state;
    const before = from && (await this.#snapshot(from));
    return this.#withSandbox(async (sandbox) => {
      if (before) {
        restore(sandbox, before);
        await sandbox.moveIn?.();
      }
      sandbox.world.committed = () => undefined;
      await state.prepare?.(sandbox);
      return snapshotOf(sandbox);
    });
  }

  async #withSandbox<T>(work: (sandbox: MovableSandbox) => Promise<T>): Promise<T> {
    const sandbox = this.#idle.pop() ?? (await this.#start());
    try {
      const result = await work(sandbox);
      this.#idle.push(sandbox);
      return result;
    } catch (error) {
      await sandbox.close();
      throw error;
    }
  }
}
