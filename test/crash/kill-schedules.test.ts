import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failuresOf } from "./kills.ts";
import { carryOut, knownStarts, type KnownStarts } from "./schedules.ts";
import { Worlds } from "./worlds.ts";

const worlds = new Worlds();
let known: KnownStarts;
beforeAll(async () => {
  known = await knownStarts(worlds);
}, 600_000);
afterAll(() => worlds.close());

describe("setup and rotate, killed two or three times in a row", () => {
  it("are finished by the run that is let to its end, for 50 seeds", async () => {
    const seeds = Array.from({ length: 50 }, (_, index) => index + 1);
    const finished = new Set<string>();
    expect(await failuresOf(seeds, (seed) => carryOut(seed, known, { worlds, finished }))).toEqual([]);
  }, 600_000);
});
