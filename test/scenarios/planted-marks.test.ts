import { afterAll, expect, it } from "vitest";
import { PlantedWorlds } from "./planted-marks.ts";

const worlds = new PlantedWorlds();
afterAll(() => worlds.close());

// The long run has thousands of seeds. With the last of these, a stranger's application once got new passwords.
it.each([1, 3, 4, 31])(
  "a mark planted in one namespace (seed %i) changes nothing of another namespace, cluster or application, whatever is run",
  async (seed) => {
    await worlds.tryAll(seed);
    expect(worlds.counts.runs).toBeGreaterThan(0);
  },
);
