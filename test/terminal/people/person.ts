import { execFile } from "node:child_process";
import { mkdir, symlink } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { expect } from "vitest";
import type { Sandbox } from "../../../src/sandbox/sandbox.ts";
import { programPath } from "../../program.ts";
import { TerminalRun } from "../../terminal.ts";

const columns = 80;

/** A folder that contains the program under its name, as an installation does. */
export async function installed(sandbox: Sandbox): Promise<string> {
  const folder = join(sandbox.folder, "installed");
  await mkdir(folder, { recursive: true });
  await symlink(programPath, join(folder, "acr-pull")).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  return folder;
}

/** Types a line into a shell, at a terminal of 80 columns and 24 rows. */
export async function typed(sandbox: Sandbox, line: string): Promise<TerminalRun> {
  return await TerminalRun.start(sandbox, [], {
    columns,
    rows: 24,
    // The shell that a person types into survives Ctrl-C.
    command: ["/bin/sh", "-c", `trap : INT; ${line}`],
    env: { PATH: `${await installed(sandbox)}${delimiter}${process.env["PATH"]}` },
  });
}

/** How a typed line ended: the exit code, and what was on the screen. */
export interface Seen {
  readonly code: number;
  readonly said: string;
}

/** Everything that a run showed. The terminal must not have broken any line, because it breaks inside words. */
export async function seenOf(run: TerminalRun): Promise<Seen> {
  const code = await run.exit();
  expect(brokenLines(run.transcript)).toEqual([]);
  return { code, said: run.transcript };
}

/** Types a line, and reads the screen to the end. */
export async function see(sandbox: Sandbox, line: string): Promise<Seen> {
  return await seenOf(await typed(sandbox, line));
}

/** Lines that are wider than the terminal, except those to be pasted: a command, an address. */
function brokenLines(transcript: string): string[] {
  const toPaste = /^ *(?:acr-pull |kubectl |see: https:\S+$)/;
  return transcript.split("\n").filter((line) => line.length > columns && !toPaste.test(line));
}

/** The acr-pull commands that stand on lines of their own, to be pasted. */
export function toPaste(said: string): string[] {
  return said.split("\n").flatMap((line) => /^ +(acr-pull \w+ -.*)$/.exec(line)?.[1] ?? []);
}

/** Runs a line as a job does: without a terminal, and with only these variables. */
export async function asJob(
  line: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return await new Promise((resolve) => {
    execFile("/bin/sh", ["-c", line], { env, cwd: "/" }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      resolve({ code, stdout, stderr });
    });
  });
}
