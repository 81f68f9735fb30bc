import { expect, it } from "vitest";
import { failingSeeds } from "./failing-seeds.ts";
import { statusOfRandomWorld } from "./status-worlds.ts";

const seeds = Array.from({ length: 50 }, (_, index) => 1 + index);

it(`status tells of ${seeds.length} random worlds what is true of them`, async () => {
  const failures = await failingSeeds(
    "status of random worlds",
    seeds,
    statusOfRandomWorld,
    (seed) => `seed ${seed}`,
  );
  expect(failures).toEqual([]);
}, 600_000);
