import { afterAll, describe, expect, it } from "vitest";
import { remove, rotate, setup } from "../program.ts";
import { expectDepartures } from "../scenarios/removal.ts";
import { atRest, failuresOf, runSignalled, type Kill } from "./kills.ts";
import {
  expectNothingLeft,
  finishRemoval,
  killsAt,
  removalStarts,
  undisturbedRemoval,
  type RemovalStart,
} from "./removals.ts";
import { inFiveNamespaces, setUp } from "./starts.ts";
import { Worlds } from "./worlds.ts";

const worlds = new Worlds();
afterAll(() => worlds.close());

describe("remove, killed at every change that it asks for", () => {
  it.each<RemovalStart>(Object.values(removalStarts))(
    "is finished by the same command again: $name",
    async (start) => {
      const known = await undisturbedRemoval(start, worlds);
      const kills = killsAt(known, 1);
      expect(kills.length).toBeGreaterThan(1);
      expect(
        await failuresOf(kills, (kill) => finishRemoval(start, [kill], { worlds, undisturbed: known })),
      ).toEqual([]);
    },
    600_000,
  );
});

/** Moments at which everything else is still to do, the secrets are gone, or only the last of them is left. */
const moments: ReadonlyArray<readonly [string, Kill]> = [
  ["one secret was gone", { request: /DELETE .*\/secrets\//, phase: "committed" }],
  ["the keys were about to go", { request: /removePassword/, phase: "arrived" }],
  ["the role was gone", { request: /DELETE .*\/roleAssignments\//, phase: "committed" }],
  ["the application was gone", { request: /DELETE .*\/applications\//, phase: "committed" }],
];

describe("remove, killed when", () => {
  it.each(moments)(
    "%s, leaves what setup mends, and remove then removes",
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
      await runSignalled(sandbox, { command: "remove", arguments: ["--concurrency", "1"] }, kill);
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
