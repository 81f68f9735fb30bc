import { afterAll, describe, expect, it } from "vitest";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { setup } from "../program.ts";
import {
  expectOrder,
  failuresOf,
  phases,
  recover,
  runSignalled,
  undisturbed,
  type Kill,
  type Undisturbed,
} from "./kills.ts";
import { rotateStarts, setupStarts, type Start } from "./starts.ts";
import { Worlds } from "./worlds.ts";

const worlds = new Worlds();
afterAll(() => worlds.close());

/** A whole setup and a whole rotation. */
const whole: readonly Start[] = [setupStarts.nothing, rotateStarts.compromised];

/** At every request in one of the phases, which take turns. */
function everywhere({ requests }: Undisturbed): Kill[] {
  return requests.map(({ index: request }) => ({
    request,
    phase: phases[request % phases.length] ?? "answered",
  }));
}

/** At every change, before and after it is done by turns: what a killed reader leaves is what it found. */
function atChanges({ requests }: Undisturbed): Kill[] {
  const changes = requests.filter(({ mutating }) => mutating);
  return changes.map(({ index: request }, place) => ({
    request,
    phase: place % 2 === 0 ? "committed" : "read",
  }));
}

/** Kills a command at each of these moments; says how many there were, and where a second run did not finish it. */
async function recoveries(start: Start, killsOf: (known: Undisturbed) => Kill[]) {
  const known = await undisturbed(start, worlds);
  const kills = killsOf(known);
  const recovery = { worlds, undisturbed: known, finished: new Set<string>() };
  const failures = await failuresOf(kills, (kill) => recover(start, [kill], recovery));
  return { count: kills.length, failures };
}

describe("a command killed at every single request", () => {
  it.each(whole)(
    "is finished by a second run: $command, starting with $name",
    async (start: Start) => {
      const { count, failures } = await recoveries(start, everywhere);
      expect(count).toBeGreaterThan(40);
      expect(failures).toEqual([]);
    },
    600_000,
  );
});

describe("a rotation that is taken back, killed at every change", () => {
  it("is taken back by a second run", async () => {
    const { count, failures } = await recoveries(rotateStarts.abort, atChanges);
    expect(count).toBeGreaterThan(10);
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
