import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { runSafely } from "../canary.ts";
import { liveAssignments, livePasswords, setup } from "../program.ts";
import { expectDepartures, remove, prunes, removed, told } from "./removal.ts";
import { countingWrites, ownApplication, start } from "./rotation.ts";

/* What is left when somebody, or a run that died, deleted only the secrets. */

const namespace = "awesomeapps";

function accountOf({ world }: Sandbox, name: string) {
  return world.clusters[0]!.objects["serviceaccounts"]!.find(
    ({ metadata }) => metadata.name === name && metadata.namespace === namespace,
  );
}

function linksOf(sandbox: Sandbox, name: string): string[] {
  const list = (accountOf(sandbox, name)?.["imagePullSecrets"] ?? []) as Array<{ name: string }>;
  return list.map((one) => one.name);
}

/** A service account for which the API server has a record of its writers. */
function addAccount(sandbox: Sandbox, name: string, secrets: readonly string[] = []): void {
  const fieldsV1 = { "f:metadata": { "f:labels": { ".": {}, "f:team": {} } } };
  sandbox.addObject("sandbox", {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: {
      name,
      namespace,
      labels: { team: "blue" },
      managedFields: [
        {
          manager: "kubectl-create",
          operation: "Update",
          apiVersion: "v1",
          fieldsType: "FieldsV1",
          fieldsV1: secrets.length > 0 ? { ...fieldsV1, "f:imagePullSecrets": {} } : fieldsV1,
        },
      ],
    },
    imagePullSecrets: secrets.map((secret) => ({ name: secret })),
  });
}

/**
 * Links the accounts `builder`, which has a record of its writers, and `default`, which has none. Then the secret
 * disappears, as if somebody had deleted it.
 */
async function withoutSecrets(test: Parameters<typeof start>[0]): Promise<Sandbox> {
  const sandbox = await start(test);
  addAccount(sandbox, "builder");
  addAccount(sandbox, "theirs", ["acr-secret"]);
  const run = await setup(sandbox, ["--service-account", "builder", "--service-account", "default"]);
  expect(run.code, run.stderr).toBe(0);
  expectDepartures(sandbox, [{ namespaces: [namespace] }]);
  sandbox.world.clusters[0]!.objects["secrets"] = [];
  return sandbox;
}

describe.concurrent("status, where the secrets are gone already", () => {
  const status = (sandbox: Sandbox, ...args: string[]) => runSafely(sandbox, ["status", ...args]);
  const links = (run: Awaited<ReturnType<typeof status>>) =>
    (run.json.brokenLinks as Array<{ namespace: string; serviceAccount: string; secret: string }>).map(
      ({ namespace: where, serviceAccount, secret }) => `${where}/${serviceAccount} ${secret}`,
    );

  it("reports the links that acr-pull made, exits with 5, and without Azure reports those it can see", async (test) => {
    const sandbox = await withoutSecrets(test);
    const signedOut = { env: { PATH: "/nowhere", AZURE_CLIENT_SECRET: undefined } };
    const told = await runSafely(sandbox, ["status", "-o", "json"], signedOut);
    expect([told.code, links(told)], told.stderr).toEqual([5, ["awesomeapps/builder acr-secret"]]);
    const { loginServer } = sandbox.world.registries[0]!;
    for (const which of [[], ["--registry", loginServer]]) {
      const more = await status(sandbox, "-o", "json", ...which);
      expect([more.code, more.json.orphans.length, links(more).toSorted()]).toEqual([
        5,
        1,
        ["awesomeapps/builder acr-secret", "awesomeapps/default acr-secret"],
      ]);
    }
    const text = (await status(sandbox)).stdout.replaceAll(/\s+/g, " ");
    expect(text).toContain("sandbox/awesomeapps/builder names the secret acr-secret, which acr-pull linked");
    expect(text).toContain("acr-pull remove");
    await removed(sandbox, prunes(sandbox));
    const after = await status(sandbox, "-o", "json");
    expect([after.code, links(after)]).toEqual([0, []]);
  });

  it("tells of no link that somebody else made, and of none where accounts may not be listed", async (test) => {
    const sandbox = await withoutSecrets(test);
    await removed(sandbox, prunes(sandbox));
    expect([links(await status(sandbox, "-o", "json")), linksOf(sandbox, "theirs")]).toEqual([
      [],
      ["acr-secret"],
    ]);
    const [user] = sandbox.world.clusters[0]!.users;
    user!.rules = [{ verbs: ["get", "list"], resources: ["secrets", "namespaces"] }];
    const told = await status(sandbox, "-o", "json");
    expect([told.code, links(told)], told.stderr).toEqual([0, []]);
  });
});

describe.concurrent("remove, where the secrets are gone already", () => {
  it("shows what is left, and then finishes it: links, key, role and application", async (test) => {
    const sandbox = await withoutSecrets(test);
    const { result: plan, writes } = await countingWrites(sandbox, () =>
      remove(sandbox, ["--dry-run", ...prunes(sandbox)]),
    );
    const planned = plan.json.plan as Array<{ target: string; action: string }>;
    expect([plan.code, writes], plan.stderr).toEqual([0, 0]);
    expect(
      planned.map(
        ({ target, action }) => `${action} ${target.replace(/ (?:sandbox\/|acr-pull-|[\da-f-]{36}).*$/, "")}`,
      ),
    ).toEqual([
      "updated service account",
      "updated service account",
      "removed key",
      "removed role assignment AcrPull on myregistry",
      "removed service principal",
      "removed application",
    ]);
    const run = await removed(sandbox, prunes(sandbox));
    expect(told(run)).toEqual([
      "service-account updated",
      "service-account updated",
      "key removed",
      "role-assignment removed",
      "service-principal removed",
      "application removed",
    ]);
    expect([linksOf(sandbox, "builder"), linksOf(sandbox, "default")]).toEqual([[], []]);
    expect(linksOf(sandbox, "theirs")).toEqual(["acr-secret"]);
    expect([livePasswords(sandbox), liveAssignments(sandbox)]).toEqual([[], []]);
    expect(told(await removed(sandbox))).toEqual([]);
  });

  it("undoes a link for certain its own when Azure's part is gone too, and tells of one that nobody is known to have made", async (test) => {
    const sandbox = await withoutSecrets(test);
    const kept = structuredClone(accountOf(sandbox, "default"));
    const list = sandbox.world.clusters[0]!.objects["serviceaccounts"]!;
    list.splice(list.indexOf(accountOf(sandbox, "default")!), 1);
    await removed(sandbox, ["--service-account", "theirs", ...prunes(sandbox)]);
    list.push(kept!);
    const run = await removed(sandbox);
    expect([told(run), linksOf(sandbox, "builder")]).toEqual([["service-account updated"], []]);
    expect(run.stderr).toMatch(/service account sandbox\/awesomeapps\/default names the secret acr-secret/);
    expect(linksOf(sandbox, "default")).toEqual(["acr-secret"]);
    await removed(sandbox, ["--service-account", "default"]);
    expect(linksOf(sandbox, "default")).toEqual([]);
  });

  it("leaves links alone that name a secret which is there, and those in namespaces that were not meant", async (test) => {
    const sandbox = await withoutSecrets(test);
    const run = await remove(sandbox, ["-n", "default"]);
    expect([run.code, linksOf(sandbox, "builder")], run.stderr).toEqual([0, ["acr-secret"]]);
    sandbox.addObject("sandbox", {
      apiVersion: "v1",
      kind: "Secret",
      type: "Opaque",
      metadata: { name: "acr-secret", namespace },
    });
    await removed(sandbox, prunes(sandbox));
    expect(linksOf(sandbox, "builder")).toEqual(["acr-secret"]);
    expect(ownApplication(sandbox).removedAt).toBeDefined();
  });
});
