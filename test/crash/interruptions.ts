import { expect } from "vitest";
import { finish, keysEverMade, runSignalled, type Kill, type Recovery, type Undisturbed } from "./kills.ts";
import type { Start } from "./starts.ts";

/** The signals that ask a command to stop, and the exit code for each. */
const codes = { SIGINT: 130, SIGTERM: 143 } as const;

/** Asks a command to stop when one of its requests reaches a phase. */
export interface Interruption extends Kill {
  readonly signal: keyof typeof codes;
  /** Whether the signal comes again a moment later. The command then does not finish what it was doing. */
  readonly twice: boolean;
}

/** An interruption at each request, of every kind in turn. The last is left out, because its answer ends the work. */
export function interruptionsAt(
  requests: Undisturbed["requests"],
): Array<Interruption & { request: number }> {
  return requests.slice(0, -1).map(({ index }) => ({
    request: index,
    phase: index % 3 === 0 ? "committed" : "read",
    signal: index % 2 === 0 ? "SIGINT" : "SIGTERM",
    twice: index % 4 === 3,
  }));
}

/**
 * Interrupts a command. It must say so, and how to continue. The same command again must end as an undisturbed run
 * does.
 * @throws the failed expectation
 */
export function interrupt(start: Start, one: Interruption, recovery: Recovery): Promise<void> {
  return recovery.worlds.use(start.state, async (sandbox) => {
    const found = keysEverMade(sandbox);
    const { signal, twice } = one;
    const run = await runSignalled(sandbox, start, one, twice ? [signal, signal] : [signal]);
    const code = codes[signal];
    // A program that the second signal ended prints nothing.
    if (run.signal === null) {
      expect(run.code, run.stderr).toBe(code);
      expect(run.stderr).toContain("stopping as soon as it is safe");
      expect(run.stderr).toContain(`acr-pull ${start.command} `);
      for (const word of start.arguments.filter((one) => !one.startsWith("-"))) {
        expect(run.stderr).toContain(` ${word}`);
      }
      expect(run.json).toMatchObject({ ok: false, exitCode: code, error: { code: "interrupted" } });
    } else expect([run.signal, twice]).toEqual([signal, true]);
    expect(run.stderr).not.toMatch(/^\s+at .*:\d+/m);
    const secrets = keysEverMade(sandbox).map(({ secretText }) => secretText);
    for (const secretText of [...secrets, sandbox.world.caller.secretText]) {
      expect(run.stdout + run.stderr).not.toContain(secretText);
    }
    await finish(start, sandbox, found, recovery);
  });
}
