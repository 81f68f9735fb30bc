import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { TerminalRun, type TerminalOptions } from "../../terminal.ts";

/** The process that asks, made ready to be run. */
export class Asking {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async prepare(): Promise<Asking> {
    const folder = await mkdtemp(join(tmpdir(), "acr-pull-asking-"));
    await build({
      entryPoints: [fileURLToPath(new URL("./asking-process.ts", import.meta.url))],
      outdir: folder,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "node",
      logLevel: "warning",
      banner: {
        js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
      },
    });
    return new Asking(folder);
  }

  /** Asks one question at a terminal of its own. */
  async at(
    scenario: string,
    options: TerminalOptions = {},
    ...args: readonly string[]
  ): Promise<TerminalRun> {
    const file = join(this.#folder, "asking-process.mjs");
    return TerminalRun.start(undefined, [], {
      ...options,
      command: [process.execPath, file, scenario, ...args],
    });
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** What came of the question, once the process has ended. */
export async function resultOf(run: TerminalRun): Promise<unknown> {
  await run.exit();
  const result = /= (?<result>[^\r\n]*)\r?\n$/.exec(run.output)?.groups?.["result"];
  if (result === undefined) throw new Error(`No result. The screen:\n${run.history}`);
  return result.includes("Error: ") ? result : JSON.parse(result);
}
