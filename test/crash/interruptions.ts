import { expect } from "vitest";
import { finish, keysEverMade, runSignalled, type Kill, type Recovery, type Undisturbed } from "./kills.ts";
import type { Start } from "./starts.ts";

/** A signal that asks to stop, and what a shell is told of it. */
const codes = { SIGINT: 130, SIGTERM: 143 } as const;

/** Asks a command to stop when one of its requests has come so far. */
export interface Interruption extends Kill {
  readonly signal: keyof typeof codes;
  /** Asked once more a moment later: it does not finish what it was at. */
  readonly twice: boolean;
}

/** Every kind of interruption in turn; not at the last request, whose answer ends the work. */
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
 * Interrupts a command: it says so and how to go on, and that comes to the end of an undisturbed run.
 * @throws the failed expectation
 */
export function interrupt(start: Start, one: Interruption, recovery: Recovery): Promise<void> {
  return recovery.worlds.use(start.state, async (sandbox) => {
    const found = keysEverMade(sandbox);
    const { signal, twice } = one;
    const run = await runSignalled(sandbox, start, one, twice ? [signal, signal] : [signal]);
    const code = codes[signal];
    // A program that the second signal has ended says nothing any more.
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
