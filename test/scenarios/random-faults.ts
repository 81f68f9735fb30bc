import { createHash } from "node:crypto";
import { expect } from "vitest";
import type { FaultOptions } from "../../src/sandbox/faults.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { Run } from "../program.ts";
import { setUp } from "./already-set-up.ts";
import { clusterOf, teams } from "./partial-rotation.ts";
import { azureWrites, endGrace, heldKeys, keyIds, rotate } from "./rotation.ts";

/** More requests than any run makes. */
const mostRequests = 4_000;

/** Ways in which any request can fail once. */
const kinds: ReadonlyArray<Omit<FaultOptions, "match" | "nth">> = [
  { status: 429, retryAfter: 1 },
  { status: 429 },
  { status: 500 },
  { status: 503 },
  { action: "reset" },
  { action: "drop", after: "commit" },
  { status: 500, after: "commit" },
  { action: "drop", delay: "500ms" },
];

/** A number from 0 to 1, the same for the same words. */
function draw(...words: ReadonlyArray<string | number>): number {
  return createHash("sha256").update(words.join(" ")).digest().readUInt32BE() / 2 ** 32;
}

/** Faults that strike this share of all requests, whatever they are. */
function randomFaults(seed: number, run: string, rate: number): FaultOptions[] {
  return Array.from({ length: mostRequests }, (_none, index) => index + 1)
    .filter((nth) => draw(seed, run, nth) < rate)
    .map((nth) => ({ match: "", nth, ...kinds[Math.floor(draw(seed, run, nth, "kind") * kinds.length)]! }));
}

/** How many requests a whole rotation took, and how many of them failed. */
export interface Rotated {
  readonly requests: number;
  readonly struck: number;
}

/**
 * A whole rotation of one key that this many namespaces hold, while requests fail at random. In the end every secret
 * has the new key, the old key is gone, and nobody had to step in.
 * @param rate share of the requests that fail, from 0 to 1
 */
export async function rotateAmidFaults(count: number, seed: number, rate: number): Promise<Rotated> {
  const namespaces = teams(count);
  const sandbox = await startSandbox({ checkInvariants: count <= 50, ...clusterOf(namespaces) });
  try {
    const { keyId: old } = setUp(sandbox, { namespaces });
    if (count > 50) sandbox.world.committed = () => undefined;
    sandbox.invariants.maxLiveKeys = 5;
    sandbox.setFaults(randomFaults(seed, "change-over", rate));
    expectOk(await rotate(sandbox), seed);
    const [keptOld, keyId, ...more] = keyIds(sandbox);
    expect([keptOld, more], `seed ${seed}`).toEqual([old, []]);
    for (const namespace of namespaces) {
      expect(heldKeys(sandbox, namespace), `seed ${seed}`).toEqual({ plain: keyId, https: old });
    }
    endGrace(sandbox);
    sandbox.setFaults(randomFaults(seed, "retirement", rate));
    expectOk(await rotate(sandbox, ["--finish"]), seed);
    expect(keyIds(sandbox), `seed ${seed}`).toEqual([keyId]);
    for (const namespace of namespaces) {
      expect(heldKeys(sandbox, namespace), `seed ${seed}`).toEqual({ plain: keyId, https: undefined });
    }
    expect(sandbox.violations, `seed ${seed}`).toEqual([]);
    expectOnlyNeededWrites(sandbox);
    const { entries } = sandbox.requests;
    return { requests: entries.length, struck: entries.filter(({ fault }) => fault !== undefined).length };
  } finally {
    await sandbox.close();
  }
}

function expectOk(run: Run, seed: number): void {
  expect([run.code, run.json.ok], `seed ${seed}\n${run.stderr}`).toEqual([0, true]);
}

/** Each lost answer cost one more key, which was removed again. */
function expectOnlyNeededWrites(sandbox: Sandbox): void {
  const made = sandbox.world.applications.flatMap(({ passwords }) => passwords).length;
  expect(azureWrites(sandbox).length).toBeGreaterThanOrEqual(2 * (made - 1));
  expect(made).toBeLessThanOrEqual(5);
}
