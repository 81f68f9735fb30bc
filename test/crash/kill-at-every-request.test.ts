import pMap from "p-map";
import type { RequestPhase } from "../../src/sandbox/request-log.ts";
import { describe, expect, it } from "vitest";
import { expectRecovery, starts, undisturbedRequests, type Kill, type Start } from "./kills.ts";

/** Before and after a change is done; a read changes nothing, so one moment stands for all. */
async function decisiveKills(start: Start): Promise<Kill[]> {
  const requests = await undisturbedRequests(start);
  return requests.flatMap(({ index: request, mutating }) => {
    const phases: readonly RequestPhase[] = mutating ? ["read", "committed"] : ["answered"];
    return phases.map((phase) => ({ request, phase }));
  });
}

describe("setup, killed at every single request", () => {
  it.each(Object.values(starts))("is finished by a second run, starting with $name", async (start: Start) => {
    const failures: string[] = [];
    await pMap(
      await decisiveKills(start),
      async (kill) => expectRecovery(start, [kill]).catch((error: Error) => failures.push(error.message)),
      { concurrency: 3 },
    );
    expect(failures).toEqual([]);
  });
});
