import { expect, it } from "vitest";
import { inVirtualTime, lifetimes, runRegularly } from "./years-of-rotation.ts";

it.each([
  { lifetimeDays: 180, withinDays: 60 },
  { lifetimeDays: 90, withinDays: 30 },
  { lifetimeDays: 365, withinDays: 60 },
  { lifetimeDays: 30, withinDays: 10 },
])("a daily job never has more than two keys: %o", async ({ lifetimeDays, withinDays }) => {
  await inVirtualTime(lifetimeDays, async (world) => {
    const { runs, changes } = await runRegularly(world, { everyDays: 1, days: 730, withinDays });
    const made = lifetimes(world.sandbox);
    console.log(`${runs} daily runs, keys of ${lifetimeDays} days: ${made.length - 1} made, 0 violations`);
    expect(new Set(made)).toEqual(new Set([lifetimeDays]));
    expect(changes.filter((state) => state === "rotated").length).toBeGreaterThanOrEqual(made.length - 2);
  });
});
