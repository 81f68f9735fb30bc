import { expect, it } from "vitest";
import { heldKeys, keyIds } from "./rotation.ts";
import { inVirtualTime, lifetimes, runRegularly } from "./years-of-rotation.ts";

it("a job every other week rotates a key of 180 days twice in a year, and never has more than two", async () => {
  await inVirtualTime(180, async (world) => {
    const { changes } = await runRegularly(world, { everyDays: 14, days: 365, withinDays: 60 });
    expect(changes).toEqual(["pending", "rotated", "pending", "rotated"]);
    expect(lifetimes(world.sandbox)).toEqual([180, 180, 180]);
  });
});

it("rotate --wait stays for the grace, retires the old key, and begins nothing more", async () => {
  await inVirtualTime(180, async ({ sandbox, rotate }) => {
    const before = Date.now();
    const [rotation, ...more] = await rotate({ wait: true, graceMs: 30 * 60_000 });
    expect([rotation, more]).toMatchObject([{ state: "rotated", retired: true }, []]);
    expect(Date.now() - before).toBeGreaterThanOrEqual(30 * 60_000);
    expect(keyIds(sandbox)).toEqual([rotation?.keyId]);
    expect(heldKeys(sandbox)).toEqual({ plain: rotation?.keyId, https: undefined });
  });
});
