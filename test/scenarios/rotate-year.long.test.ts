import { expect, it } from "vitest";
import { inVirtualTime, lifetimes, runRegularly } from "./years-of-rotation.ts";

it.each([{ lifetimeDays: 180 }, { lifetimeDays: 90 }, { lifetimeDays: 365 }, { lifetimeDays: 30 }])(
  "a daily job never has more than two keys: %o",
  async ({ lifetimeDays }) => {
    await inVirtualTime(lifetimeDays, async (world) => {
      const { runs, changes } = await runRegularly(world, { everyDays: 1, days: 730 });
      const made = lifetimes(world.sandbox);
      console.log(`${runs} daily runs, keys of ${lifetimeDays} days: ${made.length - 1} made, 0 violations`);
      expect(new Set(made)).toEqual(new Set([lifetimeDays]));
      expect(changes.filter((state) => state === "rotated").length).toBeGreaterThanOrEqual(made.length - 2);
    });
  },
);
