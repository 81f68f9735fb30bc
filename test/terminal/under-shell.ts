import { expect } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { TerminalRun } from "../terminal.ts";

const showCursor = "\u001b[?25h";
const hideCursor = "\u001b[?25l";

/**
 * Runs the program under a shell, as a person does. The shell says how it ended and whether the terminal has changed.
 */
export function underShell(sandbox: Sandbox, program: string, args: readonly string[]): Promise<TerminalRun> {
  const script = `trap : INT; stty -a > before; "$@"; echo "ended with $?"; stty -a | cmp before - && echo same modes`;
  return TerminalRun.start(sandbox, [], {
    columns: 160,
    rows: 60,
    command: ["/bin/sh", "-c", script, "sh", process.execPath, program, ...args],
  });
}

/** The terminal is as a shell expects it: same modes, no status line, and a visible cursor. */
export function expectCleanEnd(run: TerminalRun): void {
  expect(run.screen).toContain("same modes");
  expect(run.screen).not.toMatch(/^…/m);
  expect(run.output.lastIndexOf(showCursor)).toBeGreaterThanOrEqual(run.output.lastIndexOf(hideCursor));
}
