import { expect, it } from "vitest";
import { failingSeeds, seedsFromEnvironment } from "./failing-seeds.ts";
import { setupAgainWhileReplicasLag } from "./lagging-setup.ts";

const seeds = seedsFromEnvironment(300);

it(`setup run again at once keeps the key that few replicas know, for ${seeds.length} seeds`, async () => {
  const failures = await failingSeeds(
    "set up again while five replicas lag up to 15 minutes",
    seeds,
    setupAgainWhileReplicasLag,
    (seed) => `LAG_SEED=${seed} LAG_SEEDS=1 npm run test:long -- test/scenarios/setup-again`,
  );
  expect(failures).toEqual([]);
});
