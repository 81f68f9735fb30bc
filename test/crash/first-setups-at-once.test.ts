import { expect, it } from "vitest";
import { meet, meetings } from "./first-setups-at-once.ts";
import { failuresOf } from "./kills.ts";

it("two first setups of a cluster at once both succeed, with one application and the rights that were said", async () => {
  expect(await failuresOf(meetings(Array.from({ length: 8 }, (_, seed) => seed)), meet, 3)).toEqual([]);
}, 300_000);
