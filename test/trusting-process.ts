import { fork, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "./bundle.ts";

/** What a process that runs for a test answers to one call. */
export type Reply = { readonly id: number; readonly result: unknown };

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A module in a process of its own that trusts another certificate authority, because Node reads NODE_EXTRA_CA_CERTS
 * only when it starts. The module answers messages `{ id, input }` with a Reply.
 */
export class TrustingProcess {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    child.on("message", (message) => {
      const { id, result } = message as Reply;
      this.#waiting.get(id)?.resolve(result);
      this.#waiting.delete(id);
    });
    child.once("exit", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("the process ended"));
    });
  }

  /**
   * @param module URL of a TypeScript file
   * @param env added to this process's environment
   */
  static async start(module: URL, env: Readonly<Record<string, string>>): Promise<TrustingProcess> {
    const folder = await mkdtemp(join(tmpdir(), "acr-pull-process-"));
    const file = await bundle(module, folder);
    return new TrustingProcess(fork(file, { env: { ...process.env, ...env } }), folder);
  }

  call(input: unknown): Promise<unknown> {
    this.#calls += 1;
    const id = this.#calls;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, input });
    });
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
