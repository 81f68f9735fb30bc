import { describe, expect, it } from "vitest";
import { failuresOf, faultKinds, undisturbedRequests } from "./single-faults.ts";

describe("setup, when a single request fails once", () => {
  it.each(faultKinds)(
    "%s: succeeds, or a second run does, with exactly one live key, whichever request it is",
    async (kind, fault) => {
      const cases = (await undisturbedRequests()).map((_mutating, index) => ({
        nth: index + 1,
        kind,
        fault,
      }));
      expect(await failuresOf(cases)).toEqual([]);
    },
  );
});
