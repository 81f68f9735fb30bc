import { describe, expect, it } from "vitest";
import { failuresOf, faultKinds, undisturbedRequests } from "./single-faults.ts";

describe("setup, when a single request fails once", () => {
  it("succeeds, or a second run does, with exactly one live key, whichever request it is", async () => {
    const requests = await undisturbedRequests();
    const cases = requests.flatMap((mutating, index) =>
      faultKinds
        // Reads are repeated, however they fail. So each fails in only one way, in turn; test:long has all ways.
        .filter((_one, turn) => mutating || turn === index % faultKinds.length)
        .map(([kind, fault]) => ({ nth: index + 1, kind, fault })),
    );
    expect(cases.length).toBeGreaterThan(requests.length);
    expect(await failuresOf(cases)).toEqual([]);
  }, 240_000);
});
