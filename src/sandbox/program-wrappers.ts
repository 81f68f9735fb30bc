import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { shellWord } from "./environment.ts";

/** How the running program was started, so that its wrappers can start it again. */
export interface Program {
  /** The Node that runs it. */
  readonly node: string;
  /** The script that Node runs. */
  readonly script: string;
}

const name = "acr-pull";

/** The name by which kubectl finds the plugin. The program sees by it how its user called it. */
const pluginName = "kubectl-acr_pull";

/**
 * Writes wrappers of the program under its published names, for a PATH.
 * @returns the folder that holds them
 */
export async function writeProgramWrappers(folder: string, program: Program): Promise<string> {
  const bin = join(folder, "bin");
  const plugin = join(folder, pluginName);
  await mkdir(bin, { mode: 0o700 });
  await Promise.all([
    writeWrapper(join(bin, name), program),
    symlink(resolve(program.script), plugin),
    writeWrapper(join(bin, pluginName), { ...program, script: plugin }),
  ]);
  return bin;
}

async function writeWrapper(file: string, { node, script }: Program): Promise<void> {
  const text = `#!/bin/sh\nexec ${shellWord(node)} ${shellWord(script)} "$@"\n`;
  await writeFile(file, text, { mode: 0o700, flag: "wx" });
}
