import { expect, it } from "vitest";
import { rotateAmidFaults } from "./random-faults.ts";

it("rotate of 12 namespaces, 5 of 100 requests failing at random: loses nothing, and asks little more", async () => {
  const [undisturbed, ...disturbed] = await Promise.all([
    rotateAmidFaults(12, 0, 0),
    rotateAmidFaults(12, 1, 0.05),
    rotateAmidFaults(12, 2, 0.05),
  ]);
  for (const { requests, struck } of disturbed) {
    expect(struck).toBeGreaterThan(0);
    // With so few requests, one failure that costs several others weighs a lot.
    expect(requests).toBeLessThanOrEqual(1.2 * undisturbed.requests + 10);
  }
});
