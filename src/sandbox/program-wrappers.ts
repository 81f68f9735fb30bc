import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { shellWord } from "./environment.ts";

/** How the program that runs now was started: what its wrappers start again. */
export interface Program {
  /** The Node that runs it. */
  readonly node: string;
  /** The script that Node runs. */
  readonly script: string;
}

const names = ["acr-pull", "kubectl-acr_pull"];

/**
 * Writes wrappers of the program under its published names, for a PATH.
 * @returns the folder they are in
 */
export async function writeProgramWrappers(folder: string, program: Program): Promise<string> {
  const bin = join(folder, "bin");
  const text = `#!/bin/sh\nexec ${shellWord(program.node)} ${shellWord(program.script)} "$@"\n`;
  await mkdir(bin, { mode: 0o700 });
  await Promise.all(names.map((name) => writeFile(join(bin, name), text, { mode: 0o700, flag: "wx" })));
  return bin;
}
