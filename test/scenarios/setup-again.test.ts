import { expect, it } from "vitest";
import { setupAgainWhileReplicasLag } from "./lagging-setup.ts";

it.each([3, 18, 20])(
  "setup run again at once keeps its key, which few of five replicas know for 15 minutes (seed %i)",
  async (seed) => {
    await expect(setupAgainWhileReplicasLag(seed)).resolves.toBeUndefined();
  },
);
