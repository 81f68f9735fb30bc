import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { registryResourceId } from "../../src/sandbox/resource-manager/registry-resource.ts";
import { liveAssignments, livePasswords, secretOf, setup } from "../program.ts";
import { setUp } from "./already-set-up.ts";
import { expectDone, sharedName, shareds, withShared } from "./removal-variants.ts";
import { expectDepartures, remove, removed, told } from "./removal.ts";
import { addSecret, markOf, start } from "./rotation.ts";

const [mine, theirs] = [0, 1];
const loginServer = ({ world }: Sandbox, which: number) => world.registries[which]?.loginServer ?? "";

function idOf({ world }: Sandbox, which: number): string {
  const registry = world.registries[which];
  return registry ? registryResourceId(registry) : "";
}

/** A secret of somebody who may write in the namespace default and nowhere else. */
function forge(sandbox: Sandbox, entries: Record<string, unknown>): void {
  const metadata = {
    name: "forged",
    namespace: "default",
    labels: { "acr-pull/managed": "true" },
    annotations: { "acr-pull/entries": JSON.stringify(entries) },
  };
  addSecret(sandbox, metadata, { auths: {} });
  sandbox.invariants.watch();
}

describe.concurrent("a mark that somebody forged in a namespace of his own", () => {
  it.for([["by its name"], ["by its login server"]])(
    "with the id of another registry costs that one no role, when the registry is named %s",
    async ([how], test) => {
      const sandbox = await start(test, withShared);
      const principal = ["--service-principal", sharedName];
      await expectDone(setup(sandbox, principal));
      const args = ["--registry", "abacregistry", "--secret-name", "other", ...principal];
      await expectDone(setup(sandbox, args));
      forge(sandbox, {
        [loginServer(sandbox, mine)]: { ...markOf(sandbox), registry: idOf(sandbox, theirs) },
      });
      expectDepartures(sandbox);
      const name = how === "by its name" ? "myregistry" : loginServer(sandbox, mine);
      const run = await removed(sandbox, ["--registry", name, ...shareds]);
      expect(told(run).filter((one) => one.startsWith("role-assignment"))).toEqual([
        "role-assignment removed",
      ]);
      expect(liveAssignments(sandbox).map(({ scope }) => scope)).toEqual([idOf(sandbox, theirs)]);
    },
  );

  it("with the login server of another registry leads no removal there", async (test) => {
    const sandbox = await start(test);
    const run = await setup(sandbox, ["--registry", "abacregistry"]);
    expect(run.code, run.stderr).toBe(0);
    const host = loginServer(sandbox, theirs);
    const annotations = secretOf(sandbox)?.metadata.annotations?.["acr-pull/entries"] ?? "{}";
    const { [host]: mark } = JSON.parse(annotations) as Record<string, Record<string, unknown>>;
    forge(sandbox, { [host]: { ...mark, registry: idOf(sandbox, mine) } });
    const again = await removed(sandbox);
    expect(again.json.removed).toEqual([]);
    expect(secretOf(sandbox)).toBeDefined();
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it("that names a stranger's deleted application does not have it deleted for good", async (test) => {
    const sandbox = await start(test, {
      caller: { graphPermissions: ["Application.ReadWrite.All"] },
      applications: [{ displayName: "theirs", uniqueName: "theirs", softDeleted: true }],
    });
    const { clusterId } = setUp(sandbox);
    const [, stranger] = sandbox.world.applications;
    const pending = {
      operation: "o",
      holder: { host: "h", boot: "b", pid: 1 },
      renewedAt: "2026-01-01T00:00:00Z",
      deletes: stranger!.id,
    };
    const claims = {
      [loginServer(sandbox, mine)]: { registry: idOf(sandbox, mine), clusterId, pending },
    };
    forge(sandbox, claims);
    expectDepartures(sandbox);
    await removed(sandbox);
    // Nor if nothing of ours is left.
    sandbox.world.clusters[0]!.objects["secrets"] = [];
    forge(sandbox, claims);
    await removed(sandbox);
    expect(stranger!.softDeleted).toBe(true);
  });

  it.for([
    ["a registry that nobody sees", "/subscriptions/11111111-2222-4333-8444-555555555555"],
    ["what is no registry", undefined],
  ] as const)("with the id of %s stops no removal", async ([, subscription], test) => {
    const sandbox = await start(test);
    const { clusterId, appId } = setUp(sandbox);
    const registry =
      subscription === undefined
        ? "/etc/myregistry"
        : idOf(sandbox, mine).replace(/^\/subscriptions\/[^/]+/, subscription);
    forge(sandbox, { [loginServer(sandbox, mine)]: { registry, clusterId, appId } });
    expectDepartures(sandbox);
    const run = await remove(sandbox, ["--registry", loginServer(sandbox, mine)]);
    expect(run.code, run.stderr).toBe(0);
    expect([livePasswords(sandbox), liveAssignments(sandbox)]).toEqual([[], []]);
    expect(secretOf(sandbox)).toBeUndefined();
  });
});
