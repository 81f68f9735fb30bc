import { execFile } from "node:child_process";
import { commands } from "../../src/cli/commands.ts";
import { readCommandLine } from "../../src/cli/options/command-line.ts";

/** The words of a command line, as a shell reads them. Some set variables for that command alone. */
export async function wordsOf(line: string): Promise<string[]> {
  return await new Promise((resolve, reject) => {
    execFile("sh", ["-c", `printf '%s\\0' ${line}`], (error, stdout) => {
      if (error) reject(error);
      else resolve(stdout.split("\0").slice(0, -1));
    });
  });
}

/** A command line of acr-pull, and what the program itself reads in it. */
export interface Pasted {
  readonly line: string;
  readonly command: string;
  /** Texts of options, by the names of their answers. */
  readonly flags: Readonly<Record<string, readonly string[]>>;
}

/** Reads a command line of acr-pull that a run printed. */
export async function pasted(line: string): Promise<Pasted> {
  const [, ...words] = await wordsOf(line);
  const reading = await readCommandLine(words, { name: "acr-pull", version: "0", commands }, {});
  if (reading.kind !== "command") throw new Error(`${line}: ${JSON.stringify(reading)}`);
  return {
    line,
    command: reading.command.name,
    flags: Object.fromEntries([...reading.given].map(([name, { texts }]) => [name, texts])),
  };
}

/** The commands in a hint. Each ends where its sentence continues. */
export function commandsIn(hint: string): string[] {
  return [
    ...hint.matchAll(
      /\b(?:az|kubectl|acr-pull (?:setup|rotate|verify|remove)) .+?(?=; | && | shows |\) |\.(?: |$)|$)/g,
    ),
  ].map(([command]) => command);
}
