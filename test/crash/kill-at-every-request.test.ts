import { afterAll, describe, expect, it } from "vitest";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { setup } from "../program.ts";
import { everywhere, expectOrder, recoveries, runSignalled, type Kill } from "./kills.ts";
import { setupStarts } from "./starts.ts";
import { Worlds } from "./worlds.ts";

const worlds = new Worlds();
afterAll(() => worlds.close());

describe("a command killed at every single request", () => {
  it("is finished by a second run: setup, starting with nothing there", async () => {
    const { count, failures } = await recoveries(setupStarts.nothing, worlds, everywhere);
    expect(count).toBeGreaterThan(40);
    expect(failures).toEqual([]);
  }, 600_000);
});

describe("setup, killed when it had written some of its secrets", () => {
  it("and run for the first of them by somebody who may not list secrets, breaks none of the others", async () => {
    const rules = [
      { verbs: ["get", "create", "patch"], resources: ["secrets"] },
      { verbs: ["get"], resources: ["namespaces"] },
    ];
    const sandbox = await startSandbox({ checkInvariants: true, clusters: [{ context: "sandbox", rules }] });
    try {
      const start = { ...setupStarts.nothing, arguments: ["-n", "awesomeapps", "-n", "default"] };
      const otherWritten: Kill = { request: /POST .*namespaces\/default\/secrets/, phase: "committed" };
      const { met } = await runSignalled(sandbox, start, otherWritten);
      expect(met).toBeDefined();
      const run = await setup(sandbox, ["-n", "awesomeapps"]);
      expect(run.code, run.stderr).toBe(0);
      expectOrder(sandbox);
    } finally {
      await sandbox.close();
    }
  });
});
