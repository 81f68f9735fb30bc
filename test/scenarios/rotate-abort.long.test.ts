import pMap from "p-map";
import { expect, it } from "vitest";
import type { RequestPhase } from "../../src/sandbox/request-log.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { changedOver, setUp } from "./already-set-up.ts";
import { killedAt, rotate } from "./rotation.ts";
import { expectAsBefore } from "./taken-back.ts";

const namespaces = ["awesomeapps", "default", "kube-public"];
const phases: readonly RequestPhase[] = ["arrived", "read", "committed", "answered"];

/** Prepares a world. Returns the key that is to be in use again. */
type Prepare = (sandbox: Sandbox) => string;

const inUse: Prepare = (sandbox) => setUp(sandbox, { namespaces }).keyId;
const inItsGrace: Prepare = (sandbox) => changedOver(sandbox, { namespaces }).old;

/** How many requests a run makes if nobody kills it. */
async function requestsOf(prepare: Prepare, args: readonly string[]): Promise<number> {
  const sandbox = await startSandbox();
  try {
    prepare(sandbox);
    expect((await rotate(sandbox, args)).code).toBe(0);
    return sandbox.requests.entries.length;
  } finally {
    await sandbox.close();
  }
}

/** Kills a run at one request and phase, then takes everything back. */
async function abortAfterKill(
  prepare: Prepare,
  args: readonly string[],
  nth: number,
  phase: RequestPhase,
): Promise<void> {
  const sandbox = await startSandbox({ checkInvariants: true });
  try {
    const old = prepare(sandbox);
    await killedAt(sandbox, args, ({ index }) => index === nth, phase);
    const run = await rotate(sandbox, ["--abort"]);
    expect(run.code, run.stderr).toBe(0);
    expectAsBefore(sandbox, namespaces, old);
    expect(sandbox.violations).toEqual([]);
  } finally {
    await sandbox.close();
  }
}

it.each<[what: string, prepare: Prepare, args: readonly string[]]>([
  ["a rotation", inUse, []],
  ["an abort", inItsGrace, ["--abort"]],
])("%s killed at any request in any phase is taken back by --abort", async (what, prepare, args) => {
  const requests = await requestsOf(prepare, args);
  // A run that is killed at its last answers may already have ended.
  const cases = Array.from({ length: requests - 2 }, (_none, index) => index + 1).flatMap((nth) =>
    phases.map((phase) => ({ nth, phase })),
  );
  const failures: string[] = [];
  await pMap(
    cases,
    async ({ nth, phase }) => {
      try {
        await abortAfterKill(prepare, args, nth, phase);
      } catch (error) {
        failures.push(`request ${nth} ${phase}: ${error instanceof Error ? error.message : String(error)}`);
      }
    },
    { concurrency: 4 },
  );
  console.log(`${what}: ${cases.length - failures.length} of ${cases.length} kills taken back`);
  expect(failures).toEqual([]);
});
