import { describe, expect, it } from "vitest";
import { setup } from "../program.ts";
import {
  expectOrder,
  failuresOf,
  recover,
  setupSignalled,
  starts,
  startWorld,
  undisturbedRequests,
  type Kill,
  type Start,
} from "./kills.ts";

/** Before and after a change is done; a read changes nothing, so one moment stands for all. */
async function decisiveKills(start: Start): Promise<Kill[]> {
  const requests = await undisturbedRequests(start);
  return requests.flatMap(({ index: request, mutating }): Kill[] => {
    if (mutating)
      return [
        { request, phase: "read" },
        { request, phase: "committed" },
      ];
    // What a killed reader leaves is what it found: worth a look in one world.
    return start === starts.nothing ? [{ request, phase: "answered" }] : [];
  });
}

describe("setup, killed at every single request", () => {
  it.each(Object.values(starts))(
    "is finished by a second run, starting with $name",
    async (start: Start) => {
      const kills = await decisiveKills(start);
      expect(kills.length).toBeGreaterThan(8);
      expect(await failuresOf(kills, (kill) => recover(start, [kill]))).toEqual([]);
    },
    240_000,
  );
});

describe("setup, killed when it had written some of its secrets", () => {
  it("and run for the first of them by somebody who may not list secrets, breaks none of the others", async () => {
    const rules = [
      { verbs: ["get", "create", "patch"], resources: ["secrets"] },
      { verbs: ["get"], resources: ["namespaces"] },
    ];
    const sandbox = await startWorld(starts.nothing, { clusters: [{ context: "sandbox", rules }] });
    try {
      const otherWritten: Kill = { request: /POST .*namespaces\/default\/secrets/, phase: "committed" };
      const { met } = await setupSignalled(sandbox, starts.nothing, otherWritten);
      expect(met).toBeDefined();
      const run = await setup(sandbox, ["-n", "awesomeapps"]);
      expect(run.code, run.stderr).toBe(0);
      expectOrder(sandbox);
    } finally {
      await sandbox.close();
    }
  });
});
