import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "../../../bundle.ts";
import { TerminalRun, type TerminalOptions } from "../../../terminal.ts";

/** The process that asks, bundled and ready to run. */
export class Asking {
  readonly #folder: string;
  readonly #program: string;

  private constructor(folder: string, program: string) {
    this.#folder = folder;
    this.#program = program;
  }

  static async prepare(): Promise<Asking> {
    const folder = await mkdtemp(join(tmpdir(), "acr-pull-asking-"));
    return new Asking(folder, await bundle(new URL("./asking-process.ts", import.meta.url), folder));
  }

  /** Asks one question at a terminal of its own. */
  async at(
    scenario: string,
    options: TerminalOptions = {},
    ...args: readonly string[]
  ): Promise<TerminalRun> {
    return TerminalRun.start(undefined, [], {
      ...options,
      command: [process.execPath, this.#program, scenario, ...args],
    });
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The result of the question, once the process has ended. */
export async function resultOf(run: TerminalRun): Promise<unknown> {
  await run.exit();
  const result = /= (?<result>[^\r\n]*)\r?\n$/.exec(run.output)?.groups?.["result"];
  if (result === undefined) throw new Error(`No result. The screen:\n${run.history}`);
  return result.includes("Error: ") ? result : JSON.parse(result);
}
