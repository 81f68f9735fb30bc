import { describe, expect, it } from "vitest";
import { liveAssignments, livePasswords, setup } from "../program.ts";
import { expectDone, sharedName, withShared } from "./removal-variants.ts";
import { expectDepartures, removed, stateOf, told } from "./removal.ts";
import { start } from "./rotation.ts";

describe.concurrent(
  "remove, while parts of the directory do not list a key that another cluster was given",
  () => {
    it("leaves the role of the service principal that they share", async (test) => {
      const sandbox = await start(test, withShared);
      await expectDone(setup(sandbox, ["--service-principal", sharedName]));
      // Makes all of this old, so every replica knows it.
      const { applications, servicePrincipals, roleAssignments, replication } = sandbox.world;
      const made = [...applications.flatMap(({ passwords }) => passwords), ...applications];
      for (const one of [...made, ...servicePrincipals, ...roleAssignments]) {
        Object.assign(one, { createdAt: one.createdAt - 3_600_000 });
      }
      await expectDone(setup(sandbox, ["--service-principal", sharedName, "--context", "sandbox-staging"]));
      replication.lagMs = 600_000;
      expectDepartures(sandbox);
      const run = await removed(sandbox, ["--timeout", "2s"]);
      expect(told(run)).toContain("role-assignment kept (used-by-other-clusters)");
      expect(liveAssignments(sandbox)).toHaveLength(1);
    });
  },
);

describe.concurrent("remove, while the services learn of each other's writes only after 5 seconds", () => {
  it("right after setup, takes everything back, and again at once finds nothing; setup begins anew", async (test) => {
    const sandbox = await start(test, { replicationLag: "5s" });
    const before = stateOf(sandbox);
    const made = await setup(sandbox);
    expect(made.code, made.stderr).toBe(0);
    expectDepartures(sandbox);
    const run = await removed(sandbox);
    expect(told(run)).toEqual([
      "key removed",
      "role-assignment removed",
      "service-principal removed",
      "application removed",
      "secret removed",
    ]);
    expect(stateOf(sandbox)).toEqual(before);
    await removed(sandbox);
    expect(stateOf(sandbox)).toEqual(before);

    expectDepartures(sandbox, []);
    const again = await setup(sandbox);
    expect(again.code, again.stderr).toBe(0);
    expect(again.json.credentials[0].keyId).not.toBe(made.json.credentials[0].keyId);
    expect([livePasswords(sandbox).length, liveAssignments(sandbox).length]).toEqual([1, 1]);
  });
});
