import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { counted } from "./counted.ts";
import { phases, recover, undisturbed, type Kill } from "./kills.ts";
import { carryOut, knownStarts, type KnownStarts } from "./schedules.ts";
import { rotateStarts, setupStarts, type Start } from "./starts.ts";
import { Worlds } from "./worlds.ts";

const worlds = new Worlds();
afterAll(() => worlds.close());

describe.each([
  ["setup", Object.values(setupStarts)],
  ["rotate", Object.values(rotateStarts)],
])("%s, killed at every request in every phase", (command, starts: Start[]) => {
  it.each(starts)("is finished by a second run, starting with $name", async (start: Start) => {
    const known = await undisturbed(start, worlds);
    const kills = known.requests.flatMap(({ index: request }) =>
      phases.map((phase): Kill => ({ request, phase })),
    );
    const what = `${command}, ${start.name}: 4 phases of ${known.requests.length} requests`;
    const failures = await counted(what, kills, (kill) =>
      recover(start, [kill], { worlds, undisturbed: known }),
    );
    expect(failures).toEqual([]);
  });
});

describe("setup and rotate, killed two or three times in a row", () => {
  const first = Number(process.env["CRASH_SEED"] ?? 1);
  const count = Number(process.env["CRASH_SEEDS"] ?? 3_000);
  let known: KnownStarts;
  beforeAll(async () => {
    known = await knownStarts(worlds);
  });

  it(`are finished by the run that is let to its end, for ${count} seeds from ${first}`, async () => {
    const seeds = Array.from({ length: count }, (_, index) => first + index);
    const failures = await counted("killed two or three times in a row", seeds, (seed) =>
      carryOut(seed, known, { worlds }),
    );
    expect(failures).toEqual([]);
  });
});
