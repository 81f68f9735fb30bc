import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { RequestEntry, RequestPhase } from "../../src/sandbox/request-log.ts";
import { dockerConfigOf, liveAssignments, livePasswords, setup } from "../program.ts";
import { setUp } from "./already-set-up.ts";
import { expectDone, sharedName, shareds, withShared } from "./removal-variants.ts";
import { expectDepartures, remove, prunes, removed, told } from "./removal.ts";
import { addSecret, keyIds, start } from "./rotation.ts";

/** Does something once, while the first matching request or its answer is on its way. Returns a check that it did. */
function meanwhile(
  sandbox: Sandbox,
  fits: (entry: RequestEntry) => boolean,
  work: () => Promise<unknown>,
  at: RequestPhase = "read",
) {
  let met = false;
  sandbox.observe(async (phase, entry) => {
    if (met || phase !== at || !fits(entry)) return;
    met = true;
    await work();
  });
  return () => expect(met, "the moment came").toBe(true);
}

const both = ["--registry", "abacregistry", "--secret-name", "other", "--service-principal", sharedName];

describe.concurrent("while remove is at work", () => {
  it("a key that setup makes for another registry on the same service principal stays", async (test) => {
    const sandbox = await start(test, withShared);
    await expectDone(setup(sandbox, ["--service-principal", sharedName]));
    expectDepartures(sandbox);
    // The password is out of the secret, so remove is reading all secrets to see what others hold.
    let emptied = false;
    sandbox.observe((phase, { method, path }) => {
      if (phase !== "committed" || method !== "PATCH" || !path.endsWith("/secrets/acr-secret")) return;
      emptied ||= Object.keys(dockerConfigOf(sandbox).auths).length === 0;
    });
    const expectMet = meanwhile(
      sandbox,
      (entry) => emptied && entry.path === "/api/v1/secrets",
      () => expectDone(setup(sandbox, both)),
      "committed",
    );
    const run = await removed(sandbox);
    expectMet();
    expect(told(run)).toContain("key removed");
    const made = livePasswords(sandbox).find(({ displayName }) => displayName?.startsWith("acr-pull/"));
    expect(made, "the other registry's key").toBeDefined();
  });

  it("the right to list secrets goes, and a copy of the key turns up: the key stays, until it may look again", async (test) => {
    const sandbox = await start(test);
    const { keyId } = setUp(sandbox);
    expectDepartures(sandbox);
    const { auths } = dockerConfigOf(sandbox);
    const [user] = sandbox.world.clusters[0]!.users;
    const { rules } = user!;
    const expectMet = meanwhile(
      sandbox,
      ({ method, path, query }) =>
        method === "PATCH" && path.endsWith("/secrets/acr-secret") && !query.includes("dryRun"),
      async () => {
        addSecret(sandbox, { namespace: "default", name: "late" }, { auths });
        const verbs = ["get", "patch", "delete"];
        user!.rules = [
          { verbs, resources: ["secrets", "serviceaccounts", "pods"] },
          { verbs: ["get", "list"], resources: ["namespaces", "serviceaccounts", "pods"] },
        ];
      },
      "committed",
    );
    const run = await remove(sandbox);
    expectMet();
    expect([run.code, run.json.error?.code], run.stderr).toEqual([4, "remove.cannot-see-all-namespaces"]);
    expect(keyIds(sandbox)).toEqual([keyId]);
    user!.rules = rules;
    expect(told(await removed(sandbox))).toContain("key kept (still-held)");
  });

  it("on a service principal that another cluster comes to use, the role stays", async (test) => {
    const sandbox = await start(test, withShared);
    await expectDone(setup(sandbox, ["--service-principal", sharedName]));
    expectDepartures(sandbox);
    const expectMet = meanwhile(
      sandbox,
      ({ path }) => path.endsWith("/removePassword"),
      () => expectDone(setup(sandbox, ["--service-principal", sharedName, "--context", "sandbox-staging"])),
    );
    const run = await removed(sandbox);
    expectMet();
    expect(told(run)).toContain("role-assignment kept (used-by-other-clusters)");
    expect(liveAssignments(sandbox)).toHaveLength(1);
  });

  it("of two clusters on one service principal, the last to lose its key takes the role along", async (test) => {
    const sandbox = await start(test, withShared);
    for (const context of ["sandbox", "sandbox-staging"]) {
      await expectDone(setup(sandbox, ["--service-principal", sharedName, "--context", context]));
    }
    expectDepartures(sandbox, [{}, { context: "sandbox-staging" }]);
    // Both have looked, and each sees the other's key, before any key is removed.
    let arrived = 0;
    let open: () => void = () => {};
    const all = new Promise<void>((resolve) => (open = resolve));
    sandbox.observe(async (phase, { path }) => {
      if (phase !== "read" || !path.endsWith("/removePassword") || arrived >= 2) return;
      arrived += 1;
      if (arrived === 2) open();
      await all;
    });
    const runs = await Promise.all(
      ["sandbox", "sandbox-staging"].map((context) => remove(sandbox, ["--context", context, ...shareds])),
    );
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    expect(liveAssignments(sandbox)).toEqual([]);
  });
});

describe.concurrent("remove where no secret of the registry is left", () => {
  it("waits for a setup that has begun, and takes its work back in turn", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const { objects } = sandbox.world.clusters[0]!;
    objects["secrets"] = objects["secrets"]!.filter(({ metadata }) => metadata.name !== "acr-secret");
    sandbox.invariants.watch();
    expectDepartures(sandbox);
    let finish: Promise<void> | undefined;
    const expectMet = meanwhile(
      sandbox,
      ({ path }) => path.endsWith("/removePassword"),
      async () => {
        // Setup has written its mark, and is about to make a key for the application that is about to be removed.
        let begun: () => void = () => {};
        const started = new Promise<void>((resolve) => (begun = resolve));
        sandbox.observe((phase, { method, path, mutating }) => {
          if (phase === "answered" && mutating && method === "POST" && path.endsWith("/secrets")) begun();
        });
        finish = expectDone(setup(sandbox));
        await started;
      },
    );
    const run = await removed(sandbox, prunes(sandbox));
    expectMet();
    await finish;
    expect(run.code).toBe(0);
    const again = await removed(sandbox);
    expect(again.code).toBe(0);
    expect([livePasswords(sandbox), liveAssignments(sandbox)]).toEqual([[], []]);
  });
});
