import { expect, it } from "vitest";
import { failingSeeds, seedsFromEnvironment } from "./failing-seeds.ts";
import { runAmidHostileStrings, textsInSeed } from "./hostile-strings.ts";

const seeds = seedsFromEnvironment(720);

it(`${seeds.length * textsInSeed} hostile texts are shown as nothing but texts, by every command`, async () => {
  const again = (seed: number) =>
    `LAG_SEED=${seed} LAG_SEEDS=1 npm run test:long -- test/scenarios/hostile-strings`;
  const check = async (seed: number) => void (await runAmidHostileStrings(seed));
  expect(await failingSeeds(`hostile texts, ${textsInSeed} a seed`, seeds, check, again)).toEqual([]);
});
