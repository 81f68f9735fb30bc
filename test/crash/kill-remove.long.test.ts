import { afterAll, describe, expect, it } from "vitest";
import { failuresOf, phases, type Kill } from "./kills.ts";
import { finishRemoval, removalStarts, undisturbedRemoval } from "./removals.ts";
import { Worlds } from "./worlds.ts";

const worlds = new Worlds();
afterAll(() => worlds.close());

describe("remove, killed at every request in every phase, and once more on the way", () => {
  it("is finished by the same command again", async () => {
    const start = removalStarts.everything;
    const known = await undisturbedRemoval(start, worlds);
    const once: Kill[][] = known.requests.flatMap(({ index }) =>
      phases.map((phase) => [{ request: index, phase }]),
    );
    const changes = known.requests.filter(({ mutating }) => mutating);
    const twice = changes.map(({ index }, place): Kill[] => [
      { request: index, phase: "committed" },
      { request: /removePassword|roleAssignments|applications\//, phase: phases[place % 4] ?? "read" },
    ]);
    const failures = await failuresOf(
      [...once, ...twice.filter((_, place) => place < changes.length / 2)],
      (kills) => finishRemoval(start, kills, { worlds, undisturbed: known }),
    );
    expect(failures).toEqual([]);
  });
});
