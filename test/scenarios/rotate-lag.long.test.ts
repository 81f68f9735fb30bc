import { expect, it } from "vitest";
import { failingSeeds, seedsFromEnvironment } from "./failing-seeds.ts";
import { rotateWhileReplicasLag } from "./lagging-rotation.ts";

const seeds = seedsFromEnvironment(3_000);
/** A seed takes two seconds, five on a busy machine. They run in turn, because all move the time of one process. */
const limitMs = 8 * 3_600_000;

it(
  `rotate breaks no pull and retires no key early while replicas lag, for ${seeds.length} seeds`,
  async () => {
    const failures = await failingSeeds(
      "rotated while five replicas lag up to 15 minutes",
      seeds,
      rotateWhileReplicasLag,
      (seed) => `LAG_SEED=${seed} LAG_SEEDS=1 npm run test:long -- test/scenarios/rotate-lag`,
    );
    expect(failures).toEqual([]);
  },
  limitMs,
);
