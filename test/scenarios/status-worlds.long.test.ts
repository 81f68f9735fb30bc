import { expect, it } from "vitest";
import { failingSeeds, seedsFromEnvironment } from "./failing-seeds.ts";
import { statusOfRandomWorld } from "./status-worlds.ts";

const seeds = seedsFromEnvironment(500);

it(`status tells of ${seeds.length} random worlds what is true of them`, async () => {
  const failures = await failingSeeds(
    "status of random worlds",
    seeds,
    statusOfRandomWorld,
    (seed) => `LAG_SEED=${seed} LAG_SEEDS=1 npm run test:long -- test/scenarios/status-worlds`,
  );
  expect(failures).toEqual([]);
});
