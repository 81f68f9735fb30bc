import { expect, it } from "vitest";
import { meet, meetings } from "./first-setups-at-once.ts";
import { failuresOf } from "./kills.ts";

it("two first setups of a cluster at once both succeed, over many seeds", async () => {
  const seeds = Array.from({ length: 240 }, (_, seed) => 24 + seed);
  expect(await failuresOf(meetings(seeds), meet, 4)).toEqual([]);
}, 3_600_000);
