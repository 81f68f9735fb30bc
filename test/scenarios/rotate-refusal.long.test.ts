import { expect, it } from "vitest";
import { failingSeeds, seedsFromEnvironment } from "./failing-seeds.ts";
import { retireWhileTheRemovedLives } from "./lagging-rotation.ts";

const seeds = seedsFromEnvironment(1_000);
const limitMs = 8 * 3_600_000;

it.each([1, 5])(
  `rotate calls no key retired that one of %i replicas still takes, for ${seeds.length} seeds`,
  async (replicas) => {
    const failures = await failingSeeds(
      `retired while ${replicas} replicas take the removed password for up to 10 minutes`,
      seeds,
      (seed) => retireWhileTheRemovedLives(seed, replicas),
      (seed) => `LAG_SEED=${seed} LAG_SEEDS=1 npm run test:long -- test/scenarios/rotate-refusal`,
    );
    expect(failures).toEqual([]);
  },
  limitMs,
);
