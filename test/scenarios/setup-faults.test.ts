import pMap from "p-map";
import { describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { FaultOptions } from "../../src/sandbox/faults.ts";
import { entryOf, liveAssignments, livePasswords, marksOf, setup, type Run } from "../program.ts";

const arguments_ = ["-n", "awesomeapps", "-n", "default"];

/** Every way in which one request can fail, at the request with this number. */
const faultKinds: ReadonlyArray<readonly [string, Omit<FaultOptions, "match" | "nth">]> = [
  ["throttled", { status: 429, retryAfter: 0 }],
  ["answered by 500", { status: 500 }],
  ["reset", { action: "reset" }],
  ["done, but the answer lost", { after: "commit", action: "drop" }],
];

/** How many requests a setup without faults makes. */
async function requestCount(): Promise<number> {
  const sandbox = await startSandbox();
  try {
    const run = await setup(sandbox, arguments_);
    expect(run.code, run.stderr).toBe(0);
    return sandbox.requests.entries.length;
  } finally {
    await sandbox.close();
  }
}

/** Nothing is left of the trouble: one key, in use; one role; no mark. */
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

async function failOnce(
  nth: number,
  fault: Omit<FaultOptions, "match" | "nth">,
): Promise<{ runs: Run[]; met: string }> {
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

describe("setup, when a single request fails once", () => {
  it.each(faultKinds)(
    "%s: succeeds, or a second run does, with exactly one live key, whichever request it is",
    async (_kind, fault) => {
      const count = await requestCount();
      const indexes = Array.from({ length: count }, (_, index) => index + 1);
      const failures: string[] = [];
      await pMap(
        indexes,
        async (nth) => {
          try {
            const { runs, met } = await failOnce(nth, fault);
            // A refused or repeated request is no reason to bother anybody: the first run copes by itself.
            if (runs.length > 1 && fault.status === 429) failures.push(`${nth} ${met} needed a second run`);
          } catch (error) {
            failures.push(`request ${nth}: ${error instanceof Error ? error.message : String(error)}`);
          }
        },
        { concurrency: 3 },
      );
      expect(failures).toEqual([]);
    },
  );
});
