import { expect, it } from "vitest";
import { failingSeeds, seedsFromEnvironment } from "./failing-seeds.ts";
import { retireWhileTheRemovedLives } from "./lagging-rotation.ts";

const seeds = seedsFromEnvironment(1_000);
const limitMs = 8 * 3_600_000;

it(
  `rotate calls no key retired that still signs in, for ${seeds.length} seeds`,
  async () => {
    const failures = await failingSeeds(
      "retired while the removed password signs in for up to 10 minutes",
      seeds,
      retireWhileTheRemovedLives,
      (seed) => `LAG_SEED=${seed} LAG_SEEDS=1 npm run test:long -- test/scenarios/rotate-refusal`,
    );
    expect(failures).toEqual([]);
  },
  limitMs,
);
