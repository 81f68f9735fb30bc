import { expect, it } from "vitest";
import { seedsFromEnvironment } from "./failing-seeds.ts";
import { commands, PlantedWorlds } from "./planted-marks.ts";

const seeds = seedsFromEnvironment(3_000);

it(`${seeds.length} marks planted in one namespace change nothing of another one, by none of ${commands.length} commands`, async () => {
  const worlds = new PlantedWorlds();
  const failures: string[] = [];
  try {
    for (const seed of seeds) {
      try {
        await worlds.tryAll(seed);
      } catch (error) {
        failures.push(`LAG_SEED=${seed} LAG_SEEDS=1: ${String(error)}`);
        await worlds.close();
      }
    }
  } finally {
    await worlds.close();
  }
  const { runs, finished } = worlds.counts;
  process.stdout.write(
    `planted marks: seeds ${seeds[0]} to ${seeds.at(-1)}, ${runs} runs, ${finished} of them came to their end, ${failures.length} seeds failed\n`,
  );
  expect(failures).toEqual([]);
});
