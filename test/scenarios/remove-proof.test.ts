import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { Run } from "../program.ts";
import { setUp } from "./already-set-up.ts";
import { expectDepartures, remove, prunes, removed } from "./removal.ts";
import { start } from "./rotation.ts";

/** What the run saw of the one key that it removed. */
function evidenceIn(run: Run): string | undefined {
  const keys = (run.json.removed as ReadonlyArray<Record<string, string>>).filter(
    ({ kind }) => kind === "key",
  );
  expect(keys).toMatchObject([{ action: "removed" }]);
  return keys[0]?.["evidence"];
}

/** Which of the registry and Entra were asked for a token since the key was removed, in order. */
function triedAt({ requests }: Sandbox): string[] {
  const removal = requests.entries.findLast(({ path }) => path.endsWith("/removePassword"));
  return requests.entries
    .filter(({ index, path }) => index > (removal?.index ?? Infinity) && path.endsWith("/token"))
    .map(({ service }) => service);
}

describe.concurrent("a key that remove has removed", () => {
  it("is tried at the registry and at Entra, and told to be refused", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox, { namespaces: ["awesomeapps", "default"] });
    expectDepartures(sandbox);
    const run = await removed(sandbox);
    expect(evidenceIn(run)).toBe("refused");
    expect(run.stderr).toMatch(/✓ The removed key \S+ is refused/);
    expect(new Set(triedAt(sandbox))).toEqual(new Set(["registry myregistry", "azure"]));
  });

  it("is tried at Entra alone where the registry cannot be reached, and that is told", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    sandbox.world.registries[0]!.firewalled = true;
    sandbox.invariants.watch();
    expectDepartures(sandbox);
    const run = await removed(sandbox);
    expect(evidenceIn(run)).toBe("refused");
    expect(run.stderr).toContain("cannot be reached to test the removed keys, so acr-pull asks only Entra");
    expect(new Set(triedAt(sandbox))).toEqual(new Set(["azure"]));
  });

  it("and is still taken somewhere is told to be, which is no failure", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    expectDepartures(sandbox);
    sandbox.observe((phase, { path }) => {
      if (phase === "read" && path.endsWith("/removePassword")) {
        sandbox.world.replication.lagMs = 3_600_000;
      }
    });
    const run = await removed(sandbox, ["--timeout", "2s"]);
    expect(evidenceIn(run)).toBe("not-yet-refused");
    expect(run.stderr).toContain("parts of the service still accept or list it");
  });

  it("whose password no secret held any more is looked for in the directory", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const { objects } = sandbox.world.clusters[0]!;
    objects["secrets"] = objects["secrets"]!.filter(({ metadata }) => metadata.name !== "acr-secret");
    sandbox.invariants.watch();
    expect(evidenceIn(await removed(sandbox, prunes(sandbox)))).toBe("unlisted");
  });

  it("is told not to have been tried where nobody can be asked, which is no failure", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    expectDepartures(sandbox);
    sandbox.observe((phase, { path }) => {
      if (phase !== "read" || !path.endsWith("/removePassword")) return;
      sandbox.setFaults([{ match: "(?:GET|POST) .*/oauth2/", status: 503, code: "Down", times: 999 }]);
    });
    const run = await remove(sandbox, ["--timeout", "2s"]);
    expect(run.code, run.stderr).toBe(0);
    expect(evidenceIn(run)).toBe("untried");
    expect(run.stderr).toContain("could not test whether the removed key");
  });
});
