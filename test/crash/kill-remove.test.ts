import { afterAll, describe, expect, it } from "vitest";
import { remove, rotate, setup } from "../program.ts";
import { expectDepartures } from "../scenarios/removal.ts";
import { atRest, everywhere, failuresOf, runSignalled, type Kill } from "./kills.ts";
import {
  expectNothingLeft,
  finishRemoval,
  killsAt,
  removalStarts,
  undisturbedRemoval,
  type RemovalStart,
  type UndisturbedRemoval,
} from "./removals.ts";
import { inFiveNamespaces, setUp } from "./starts.ts";
import { Worlds } from "./worlds.ts";

const worlds = new Worlds();
afterAll(() => worlds.close());

/**
 * Kills a removal at each of these moments.
 * @returns how many moments there were, and those after which the same command did not finish
 */
async function recoveries(
  start: RemovalStart,
  killsOf: (known: UndisturbedRemoval) => readonly Kill[],
): Promise<{ readonly count: number; readonly failures: readonly string[] }> {
  const known = await undisturbedRemoval(start, worlds);
  const kills = killsOf(known);
  const recovery = { worlds, undisturbed: known, finished: new Set<string>() };
  const failures = await failuresOf(kills, (kill) => finishRemoval(start, [kill], recovery));
  return { count: kills.length, failures };
}

describe("remove, killed at every change that it asks for", () => {
  it.each<RemovalStart>(Object.values(removalStarts))(
    "is finished by the same command again: $name",
    async (start) => {
      const { count, failures } = await recoveries(start, (known) => killsAt(known, 1));
      expect(count).toBeGreaterThan(1);
      expect(failures).toEqual([]);
    },
    600_000,
  );
});

describe("a command killed at every single request", () => {
  it("is finished by a second run: remove, of one namespace of five", async () => {
    const { count, failures } = await recoveries(removalStarts.one, everywhere);
    expect(count).toBeGreaterThan(20);
    expect(failures).toEqual([]);
  }, 600_000);
});

/** Moments between the steps: after the first secret, before the keys, after the role, after the application. */
const moments: ReadonlyArray<readonly [string, Kill]> = [
  ["one secret was gone", { request: /DELETE .*\/secrets\//, phase: "committed" }],
  ["the keys were about to go", { request: /removePassword/, phase: "arrived" }],
  ["the role was gone", { request: /DELETE .*\/roleAssignments\//, phase: "committed" }],
  ["the application was gone", { request: /DELETE .*\/applications\//, phase: "committed" }],
];

describe("remove, killed when", () => {
  it.each(moments)(
    "%s, leaves what setup fixes, and remove then removes",
    async (_when, kill) => {
      await worlds.use(setUp, async (sandbox) => {
        expectDepartures(sandbox);
        const { met } = await runSignalled(sandbox, { command: "remove", arguments: [] }, kill);
        expect(met).toBeDefined();
        await atRest(sandbox);
        const again = await setup(sandbox, inFiveNamespaces);
        expect(again.code, again.stderr).toBe(0);
        expect(sandbox.invariants.unknownKeys()).toEqual([]);
        const removed = await remove(sandbox);
        expect(removed.code, removed.stderr).toBe(0);
        expectNothingLeft(sandbox);
      });
    },
    120_000,
  );

  it("some secrets were gone, leaves the others to a rotation", async () => {
    await worlds.use(setUp, async (sandbox) => {
      expectDepartures(sandbox);
      const kill: Kill = { request: /DELETE .*\/secrets\//, phase: "committed" };
      await runSignalled(sandbox, { command: "remove", arguments: [] }, kill);
      await atRest(sandbox);
      const rotated = await rotate(sandbox, ["--settle", "0s"]);
      expect(rotated.code, rotated.stderr).toBe(0);
      expect(sandbox.invariants.unknownKeys()).toEqual([]);
      const removed = await remove(sandbox);
      expect(removed.code, removed.stderr).toBe(0);
      expectNothingLeft(sandbox);
    });
  }, 120_000);
});
