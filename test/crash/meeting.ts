import { expect } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { Run } from "../program.ts";

/** Holds the first write of each run until this many runs have reached theirs, so that they are certain to meet. */
export function meetAtTheMark(sandbox: Sandbox, runs: number): void {
  let arrived = 0;
  let open: () => void = () => {};
  const all = new Promise<void>((resolve) => (open = resolve));
  sandbox.observe(async (phase, entry) => {
    const isWrite = entry.mutating && /\/secrets(?:\/[^/]+)?$/.test(entry.path);
    if (phase !== "read" || !isWrite || arrived >= runs) return;
    arrived += 1;
    if (arrived === runs) open();
    await all;
  });
}

/** Expects that a run gave way to another one, and says that it can be run again. */
export function expectBusy(run: Run): void {
  expect(run.code, run.stderr).toBe(1);
  expect(run.json.error).toMatchObject({ code: "busy", retryable: true });
  expect(run.json.error.hint).toContain("run the same command again");
}
