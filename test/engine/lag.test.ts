import { describe, expect, it } from "vitest";
import { liveWhileReplicasLag } from "./lagging.ts";

describe("a whole life, while five replicas learn of each write up to five minutes late", () => {
  it.each([5, 21, 24])("loses no pull, no key and no application (seed %i)", async (seed) => {
    await expect(liveWhileReplicasLag(seed)).resolves.toBeUndefined();
  });
});
