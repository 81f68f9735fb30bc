import { expect, it } from "vitest";
import { inVirtualTime, lifetimes, runRegularly } from "./years-of-rotation.ts";

it("a job every other week rotates a key of 180 days twice in a year, and never has more than two", async () => {
  await inVirtualTime(180, async (world) => {
    const { changes } = await runRegularly(world, { everyDays: 14, days: 365 });
    expect(changes).toEqual(["pending", "rotated", "pending", "rotated"]);
    expect(lifetimes(world.sandbox)).toEqual([180, 180, 180]);
  });
});
