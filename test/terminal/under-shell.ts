import { expect } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { TerminalRun } from "../terminal.ts";

const showCursor = "\u001b[?25h";
const hideCursor = "\u001b[?25l";

/** The program under a shell, as whoever types it runs it; the shell says how it ended and how the terminal is. */
export function underShell(sandbox: Sandbox, program: string, args: readonly string[]): Promise<TerminalRun> {
  const script = `trap : INT; stty -a > before; "$@"; echo "ended with $?"; stty -a | cmp before - && echo same modes`;
  return TerminalRun.start(sandbox, [], {
    columns: 160,
    rows: 60,
    command: ["/bin/sh", "-c", script, "sh", process.execPath, program, ...args],
  });
}

/** The cursor is where and as a shell expects it. */
export function expectCleanEnd(run: TerminalRun): void {
  expect(run.screen).toContain("same modes");
  expect(run.screen).not.toMatch(/^…/m);
  expect(run.output.lastIndexOf(showCursor)).toBeGreaterThanOrEqual(run.output.lastIndexOf(hideCursor));
}
