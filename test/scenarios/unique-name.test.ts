import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { livePasswords, secretOf, setup } from "../program.ts";
import { setUp } from "./already-set-up.ts";
import { expectDepartures, remove, removed } from "./removal.ts";
import { ownApplication, start } from "./rotation.ts";

/** What became of each application with our name. */
function ofOurName({ world }: Sandbox): string[] {
  const uniqueName = world.applications.find((one) => one.uniqueName?.startsWith("acr-pull-"))?.uniqueName;
  return world.applications
    .filter((one) => one.uniqueName === uniqueName)
    .map(({ softDeleted, removedAt }) =>
      softDeleted ? "deleted" : removedAt === undefined ? "there" : "gone for good",
    );
}

function grant({ world }: Sandbox, permission: string): void {
  const { objectId } = world.caller;
  world.servicePrincipals.find(({ id }) => id === objectId)!.graphPermissions.push(permission);
}

/** Deletes the application as somebody would by hand. */
function deleteByHand(sandbox: Sandbox): void {
  Object.assign(ownApplication(sandbox), { removedAt: Date.now(), softDeleted: true });
  sandbox.world.servicePrincipals.at(-1)!.removedAt = Date.now();
  sandbox.invariants.watch();
}

const purge = "DELETE .*/directory/deletedItems/";

describe.concurrent(
  "setup after remove, by a pipeline that may change what it owns and nothing else,",
  () => {
    it("begins anew, for the application was deleted for good", async (test) => {
      const sandbox = await start(test);
      setUp(sandbox);
      expectDepartures(sandbox);
      const run = await removed(sandbox);
      expect(run.stderr).toMatch(/is deleted permanently and cannot be restored/);
      expect(ofOurName(sandbox)).toEqual(["gone for good"]);
      expectDepartures(sandbox, []);
      const again = await setup(sandbox);
      expect(again.code, again.stderr).toBe(0);
      expect(ofOurName(sandbox)).toEqual(["gone for good", "there"]);
    });

    it.for([
      ["answers that there is none yet", { status: 404, code: "Request_ResourceNotFound", times: 3 }],
      ["loses its answer", { action: "drop", after: "commit" }],
    ] as const)("does so where the directory %s", async ([, fault], test) => {
      const sandbox = await start(test);
      setUp(sandbox);
      sandbox.setFaults([{ match: purge, ...fault }]);
      expectDepartures(sandbox);
      const run = await removed(sandbox);
      expect(run.stderr).not.toContain("could not be deleted permanently");
      expect(ofOurName(sandbox)).toEqual(["gone for good"]);
    });

    it("does so where the deletion's answer was lost", async (test) => {
      const sandbox = await start(test);
      setUp(sandbox);
      sandbox.setFaults([{ match: "DELETE .*/applications/", action: "drop", after: "commit" }]);
      expectDepartures(sandbox);
      await removed(sandbox);
      expect(ofOurName(sandbox)).toEqual(["gone for good"]);
    });

    it("says who frees the name, where it may not delete it for good", async (test) => {
      const sandbox = await start(test);
      setUp(sandbox);
      const { id } = ownApplication(sandbox);
      sandbox.setFaults([{ match: purge, status: 403, code: "Authorization_RequestDenied", times: 99 }]);
      expectDepartures(sandbox);
      const run = await removed(sandbox);
      const command = `az rest --method DELETE --url ${sandbox.world.azureUrl}/v1.0/directory/deletedItems/${id}`;
      expect(run.stderr).toContain("could not be deleted permanently");
      expect(run.stderr).toContain(command);
      expect(ofOurName(sandbox)).toEqual(["deleted"]);

      expectDepartures(sandbox, []);
      const again = await setup(sandbox);
      expect([again.code, again.json.error?.code], again.stderr).toEqual([3, "directory.unique-name-taken"]);
      expect(again.json.error.hint).toMatch(/Application Administrator.*az rest .*--service-principal/);
      grant(sandbox, "Application.Read.All");
      const restoring = await setup(sandbox);
      expect(restoring.code, restoring.stderr).toBe(0);
      expect(ofOurName(sandbox)).toEqual(["there"]);
    });
  },
);

describe.concurrent("setup, where the name of the application is taken,", () => {
  it("finds the one that it made itself, when that answer was lost and others do not know it yet", async (test) => {
    const sandbox = await start(test, { replicationLag: "3s" });
    sandbox.setFaults([{ match: "POST .*/applications$", action: "drop", after: "commit" }]);
    const run = await setup(sandbox);
    expect(run.code, run.stderr).toBe(0);
    expect(ofOurName(sandbox)).toEqual(["there"]);
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it("finds the one that another job of the same pipeline made meanwhile", async (test) => {
    const sandbox = await start(test, { replicationLag: "3s" });
    const runs = await Promise.all([
      setup(sandbox, ["-n", "awesomeapps"]),
      setup(sandbox, ["-n", "default"]),
    ]);
    expect(runs.map(({ code, stderr }) => (code === 0 ? "" : stderr))).toEqual(["", ""]);
    expect(ofOurName(sandbox)).toEqual(["there"]);
    expect([secretOf(sandbox), secretOf(sandbox, "default")]).not.toContain(undefined);
  });

  it.for([400, 500, 403])("goes on where looking among the deleted answers %i", async (status, test) => {
    const sandbox = await start(test);
    grant(sandbox, "Application.Read.All");
    sandbox.setFaults([{ match: "GET .*/deletedItems", status, times: 99 }]);
    const run = await setup(sandbox);
    expect(run.code, run.stderr).toBe(0);
  });

  it("restores one that was deleted, also when the first look among the deleted failed", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    deleteByHand(sandbox);
    grant(sandbox, "Application.Read.All");
    sandbox.setFaults([{ match: "GET .*/deletedItems", status: 400, times: 1 }]);
    const first = await setup(sandbox);
    expect([first.code, first.json.error?.code], first.stderr).toEqual([4, "directory.stale-answer"]);
    const again = await setup(sandbox);
    expect(again.code, again.stderr).toBe(0);
    expect(ofOurName(sandbox)).toEqual(["there"]);
  });

  it("by a stranger's that is deleted, does not restore it", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    sandbox.world.clusters[0]!.objects["secrets"] = [];
    deleteByHand(sandbox);
    grant(sandbox, "Application.Read.All");
    ownApplication(sandbox).keyCredentials.push({ keyId: "k", displayName: "theirs" });
    sandbox.setFaults([{ match: "GET .*/deletedItems", status: 400, times: 1 }]);
    const run = await setup(sandbox);
    expect(run.json.error?.code, run.stderr).toBe("service-principal.not-ours");
    expect(ofOurName(sandbox)).toEqual(["deleted"]);
  });
});

describe.concurrent("remove, while the directory lags for 5 seconds,", () => {
  it("seldom asks for certificates, which a tenant may be asked for 150 times a minute", async (test) => {
    const sandbox = await start(test, { replicationLag: "5s" });
    expect((await setup(sandbox)).code).toBe(0);
    const before = sandbox.requests.entries.length;
    expectDepartures(sandbox);
    const run = await remove(sandbox);
    expect(run.code, run.stderr).toBe(0);
    const asked = sandbox.requests.entries
      .slice(before)
      .filter(({ query }) => decodeURIComponent(query).includes("keyCredentials"));
    // Eight clusters that are removed at the same time stay below that limit.
    expect(asked.length).toBeLessThan(150 / 8);
  });
});
