import pMap from "p-map";
import { expect } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { FaultOptions } from "../../src/sandbox/faults.ts";
import { entryOf, liveAssignments, livePasswords, marksOf, setup, type Run } from "../program.ts";

const arguments_ = ["-n", "awesomeapps", "-n", "default"];

/** One way in which a request can fail. */
export type Fault = Omit<FaultOptions, "match" | "nth">;

/** Every way in which one request can fail. */
export const faultKinds: ReadonlyArray<readonly [name: string, fault: Fault]> = [
  ["throttled", { status: 429, retryAfter: 0 }],
  ["answered by 500", { status: 500 }],
  ["reset", { action: "reset" }],
  ["done, but the answer lost", { after: "commit", action: "drop" }],
];

/** Whether each request of a setup without faults writes, in order. */
export async function undisturbedRequests(): Promise<readonly boolean[]> {
  const sandbox = await startSandbox();
  try {
    const run = await setup(sandbox, arguments_);
    expect(run.code, run.stderr).toBe(0);
    return sandbox.requests.entries.map(({ mutating }) => mutating);
  } finally {
    await sandbox.close();
  }
}

/** Nothing is left of the trouble: one key, in use; one role; no mark of a run. */
function expectOrder(sandbox: Sandbox): void {
  const keys = livePasswords(sandbox);
  expect(keys, "live keys").toHaveLength(1);
  for (const namespace of ["awesomeapps", "default"]) {
    expect(entryOf(sandbox, "myregistry", namespace)?.password).toBe(keys[0]?.secretText);
    for (const mark of Object.values(marksOf(sandbox, namespace))) {
      expect(mark).toMatchObject({ keyId: keys[0]?.keyId });
      expect(mark).not.toHaveProperty("pending");
    }
  }
  expect(liveAssignments(sandbox)).toHaveLength(1);
  expect(sandbox.violations).toEqual([]);
}

async function failOnce(nth: number, fault: Fault): Promise<{ runs: Run[]; met: string }> {
  const sandbox = await startSandbox({ checkInvariants: true, faults: [{ match: "", nth, ...fault }] });
  try {
    sandbox.invariants.maxLiveKeys = 3;
    const runs = [await setup(sandbox, arguments_)];
    if (runs[0]?.code !== 0) runs.push(await setup(sandbox, arguments_));
    const met = sandbox.requests.entries.find((entry) => entry.fault !== undefined);
    expect(met, "the fault was met").toBeDefined();
    const what = `${met?.method} ${met?.path}`;
    expect(
      runs.at(-1)?.code,
      `${what}\n${runs.map(({ stderr, stdout }) => stderr + stdout).join("\n")}`,
    ).toBe(0);
    expectOrder(sandbox);
    return { runs, met: what };
  } finally {
    await sandbox.close();
  }
}

/** What went wrong when each of these requests, counted from 1, failed once with its fault. */
export async function failuresOf(
  cases: ReadonlyArray<{ readonly nth: number; readonly kind: string; readonly fault: Fault }>,
): Promise<readonly string[]> {
  const failures: string[] = [];
  await pMap(
    cases,
    async ({ nth, kind, fault }) => {
      try {
        const { runs, met } = await failOnce(nth, fault);
        // A throttled request is no reason to bother anybody: the first run copes by itself.
        if (runs.length > 1 && fault.status === 429) failures.push(`${nth} ${met} needed a second run`);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        failures.push(`request ${nth} ${kind}: ${message}`);
      }
    },
    { concurrency: 3 },
  );
  return failures;
}
