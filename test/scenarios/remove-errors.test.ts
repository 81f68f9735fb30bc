import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { dockerConfigOf, liveAssignments, livePasswords, marksOf, secretOf, setup } from "../program.ts";
import { setUp } from "./already-set-up.ts";
import { expectRefusal, type Refusal } from "./refusals.ts";
import { expectDepartures, remove, prunes, removed, stateOf, told } from "./removal.ts";
import { addSecret, countingWrites, ownApplication, start } from "./rotation.ts";

const entry = ({ world }: Sandbox) => world.registries[0]?.loginServer ?? "";

/** Adds a Pod to awesomeapps. */
function addPod(
  sandbox: Sandbox,
  { name = "app", secrets = ["acr-secret"], image = "nginx", ...more }: Record<string, unknown> = {},
) {
  sandbox.addObject("sandbox", {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: String(name), namespace: "awesomeapps" },
    spec: {
      containers: [{ name: "main", image }],
      imagePullSecrets: (secrets as string[]).map((secret) => ({ name: secret })),
    },
    ...more,
  });
}

/** A service account whose list of pull secrets kubectl wrote. */
function addAccount(sandbox: Sandbox, name: string): void {
  sandbox.addObject("sandbox", {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: {
      name,
      namespace: "awesomeapps",
      managedFields: [
        {
          manager: "kubectl-edit",
          operation: "Update",
          apiVersion: "v1",
          fieldsType: "FieldsV1",
          fieldsV1: { "f:imagePullSecrets": {} },
        },
      ],
    },
    imagePullSecrets: [{ name: "other" }, { name: "acr-secret" }],
  });
}

const rulesWithout = (resource: string, ...verbs: string[]): SandboxOptions => ({
  clusters: [
    {
      context: "sandbox",
      rules: [
        {
          verbs: ["*"],
          resources: ["namespaces", "secrets", "serviceaccounts", "pods"].filter((one) => one !== resource),
        },
        {
          verbs: ["get", "list", "create", "patch", "delete"].filter((one) => !verbs.includes(one)),
          resources: [resource],
        },
      ],
    },
  ],
});

/** A refusal in a sandbox of its own. */
interface RemoveRefusal extends Refusal {
  readonly options?: SandboxOptions;
}

const refusals: readonly RemoveRefusal[] = [
  {
    what: "a pod that names the secret",
    arrange: (sandbox) => addPod(sandbox),
    exit: 2,
    code: "remove.still-named",
    says: ["pod sandbox/awesomeapps/app"],
    hint: ["--force"],
  },
  {
    what: "a service account that somebody else linked",
    arrange: (sandbox) => addAccount(sandbox, "builder"),
    exit: 2,
    code: "remove.still-named",
    says: ["service account sandbox/awesomeapps/builder"],
    hint: ["--service-account"],
  },
  {
    what: "pods that may not be listed",
    options: rulesWithout("pods", "list"),
    exit: 3,
    code: "kubernetes.forbidden",
    says: [/list pods in namespace awesomeapps/],
    hint: ["--verb=list --resource=pods", "--force"],
  },
  {
    what: "no right to delete secrets",
    options: rulesWithout("secrets", "delete"),
    exit: 3,
    code: "kubernetes.forbidden",
    says: ["You may not delete secret awesomeapps/acr-secret"],
    hint: ["If the verb delete on secrets is missing"],
  },
  {
    what: "no right to list secrets everywhere",
    options: {
      clusters: [
        {
          context: "sandbox",
          rules: [
            { verbs: ["*"], resources: ["namespaces", "serviceaccounts", "pods"] },
            { verbs: ["get", "create", "patch", "delete"], resources: ["secrets"] },
          ],
        },
      ],
    },
    args: ["-n", "awesomeapps"],
    exit: 2,
    code: "remove.cannot-see-all-namespaces",
    says: ["may not list secrets in every namespace"],
    hint: ["list secrets cluster-wide"],
  },
  {
    what: "a secret that a controller writes",
    arrange(sandbox) {
      secretOf(sandbox)!.metadata.labels!["argocd.argoproj.io/instance"] = "apps";
    },
    exit: 2,
    code: "secret.reconciled",
    says: ["is written by Argo CD"],
    hint: ["--namespace", "delete the secret"],
  },
  {
    what: "a secret that somebody made immutable",
    arrange: (sandbox) => void Object.assign(secretOf(sandbox)!, { immutable: true }),
    exit: 2,
    code: "secret.immutable",
    says: ["is immutable"],
    hint: ["--namespace", "delete the secret"],
  },
  {
    what: "an application of another owner",
    arrange: (sandbox) => void ownApplication(sandbox).owners.splice(0),
    exit: 3,
    code: "directory.not-owner",
    says: ["may not delete it"],
    hint: ["Application Administrator"],
  },
  {
    what: "a registry of another name",
    args: ["--registry", "otherregistry"],
    exit: 2,
    code: "remove.nothing-found",
    says: ["No visible secret has an entry for a registry otherregistry"],
    hint: ["--registry", "login server", "kubectl --context sandbox get secrets --all-namespaces"],
  },
  {
    what: "a service account that is not there",
    args: ["--service-account", "ghost"],
    exit: 2,
    code: "service-account.not-found",
    says: ["no service account ghost"],
    hint: ["--service-account"],
  },
  {
    what: "another run at work",
    arrange(sandbox) {
      const { annotations } = secretOf(sandbox)!.metadata;
      const marks = marksOf(sandbox);
      marks[entry(sandbox)].pending = {
        operation: "11111111-2222-4333-8444-555555555555",
        holder: { host: "elsewhere", boot: "b", pid: 1 },
        renewedAt: new Date().toISOString(),
      };
      annotations!["acr-pull/entries"] = JSON.stringify(marks);
    },
    exit: 1,
    code: "busy",
    retryable: true,
    says: ["Another run works on sandbox/awesomeapps/acr-secret"],
    hint: ["run the same command again"],
  },
];

describe.concurrent("remove refuses, with nothing written,", () => {
  it.for(refusals)("$what", async ({ options, ...refusal }, test) => {
    const sandbox = await start(test, options);
    setUp(sandbox);
    const refused = expectRefusal(sandbox, "remove", refusal, (args, more) => remove(sandbox, args, more));
    await expect(refused).resolves.toBeUndefined();
  });

  it("to take back a role without the right to do so", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const { world } = sandbox;
    for (const grant of world.roleAssignments) {
      if (grant.principalId === world.caller.objectId) grant.removedAt = Date.now();
    }
    const { registries } = world;
    const reader = world.roleAssignments.find(({ principalId }) => principalId === world.caller.objectId)!;
    const { removedAt: _gone, ...kept } = reader;
    world.roleAssignments.push({
      ...kept,
      id: `${reader.scope}/providers/Microsoft.Authorization/roleAssignments/99999999-2222-4333-8444-555555555555`,
      name: "99999999-2222-4333-8444-555555555555",
      roleDefinitionId: reader.roleDefinitionId.replace(/[^/]+$/, "acdd72a7-3385-48ef-bd42-f606fba81ae7"),
      condition: null,
    });
    expect(registries.length).toBeGreaterThan(0);
    const { result, writes } = await countingWrites(sandbox, () => remove(sandbox));
    expect([result.code, result.json.error.code, writes], result.stderr).toEqual([3, "roles.forbidden", 0]);
    expect(result.json.error.message).toContain("Microsoft.Authorization/roleAssignments/delete is missing");
  });
});

describe.concurrent("remove, told what it would refuse otherwise,", () => {
  it("removes what pods and accounts still name, and leaves what others linked", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    addPod(sandbox);
    addAccount(sandbox, "builder");
    expectDepartures(sandbox);
    const run = await removed(sandbox, ["--force"]);
    expect(told(run)).toContain("service-account kept (linked-by-others)");
    expect(run.stderr).toContain("pod sandbox/awesomeapps/app names the secret");
    expect(secretOf(sandbox)).toBeUndefined();
  });

  it("unlinks an account that is named, whoever linked it, and keeps the other names in its list", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    addAccount(sandbox, "builder");
    sandbox.invariants.watch();
    expectDepartures(sandbox);
    await removed(sandbox, ["--service-account", "builder"]);
    const accounts = sandbox.world.clusters[0]!.objects["serviceaccounts"]!;
    const builder = accounts.find(({ metadata }) => metadata.name === "builder");
    expect(builder?.["imagePullSecrets"]).toEqual([{ name: "other" }]);
  });

  it("does not count pods that have ended, and of a secret that stays those that pull elsewhere", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    addPod(sandbox, { status: { phase: "Succeeded" } });
    const done = await remove(sandbox, ["--dry-run"]);
    expect(done.code, done.stderr).toBe(0);
    const config = dockerConfigOf(sandbox);
    const auths = { ...config.auths, "other.example": { username: "u", password: "p" } };
    secretOf(sandbox)!["data"] = {
      ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64"),
    };
    addPod(sandbox, { name: "elsewhere", image: "other.example/app" });
    sandbox.invariants.watch();
    expect((await remove(sandbox, ["--dry-run"])).code).toBe(0);
    addPod(sandbox, { name: "here", image: `${entry(sandbox)}/my-awesome-app:v1` });
    const refused = await remove(sandbox, ["--dry-run"]);
    expect(refused.json.error?.message).toContain("pod sandbox/awesomeapps/here");
    expect(refused.json.error?.message).not.toContain("elsewhere");
  });
});

describe.concurrent("remove leaves", () => {
  it("a secret out that is forbidden, and the key that it holds; exit 4", async (test) => {
    const sandbox = await start(test);
    const { keyId } = setUp(sandbox, { namespaces: ["awesomeapps", "default"] });
    sandbox.world.clusters[0]!.users[0]!.rules = [
      { verbs: ["get", "list", "create", "patch"], resources: ["*"] },
      { verbs: ["delete"], resources: ["secrets"], namespaces: ["awesomeapps"] },
    ];
    expectDepartures(sandbox);
    const run = await remove(sandbox);
    expect([run.code, run.json.error?.code], run.stderr).toEqual([4, "kubernetes.forbidden"]);
    expect(told(run)).toEqual([
      "secret failed",
      "key kept (still-held)",
      "role-assignment kept (still-held)",
      "service-principal kept (still-held)",
      "application kept (still-held)",
      "secret removed",
    ]);
    expect(livePasswords(sandbox).map((key) => key.keyId)).toEqual([keyId]);
  });

  it.for([
    ["whoever wrote that one", false],
    ["with the user name in capitals", true],
  ] as const)("a key that another secret holds, %s, and says which", async ([, inCapitals], test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const copied = Object.entries(dockerConfigOf(sandbox).auths).map(([host, { username, password }]) => {
      return [host, { username: inCapitals ? username.toUpperCase() : username, password }];
    });
    addSecret(sandbox, { name: "copy", namespace: "default" }, { auths: Object.fromEntries(copied) });
    sandbox.invariants.watch();
    expectDepartures(sandbox, [{ secretName: "acr-secret" }]);
    const run = await removed(sandbox);
    const key = run.json.removed.find(({ kind }: { kind: string }) => kind === "key");
    expect(key).toMatchObject({
      action: "kept",
      reason: "still-held",
      heldBy: ["sandbox/default/copy"],
    });
    expect(liveAssignments(sandbox)).toHaveLength(1);
  });

  it("what another cluster needs on the same service principal: only our part is gone", async (test) => {
    const options = { applications: [{ displayName: "shared", owners: ["caller"] }] };
    const sandbox = await start(test, options);
    const args = ["--service-principal", "shared"];
    const ours = (await setup(sandbox, args)).json;
    const theirs = (await setup(sandbox, [...args, "--context", "sandbox-staging"])).json;
    expectDepartures(sandbox);
    const run = await removed(sandbox);
    expect(told(run)).toEqual([
      "key removed",
      "role-assignment kept (used-by-other-clusters)",
      "service-principal kept (shared)",
      "application kept (shared)",
      "secret removed",
    ]);
    const left = livePasswords(sandbox).map(({ keyId }) => keyId);
    expect(left).toEqual([theirs.credentials[0].keyId]);
    expect(left).not.toContain(ours.credentials[0].keyId);
    expectDepartures(sandbox, [{ context: "sandbox-staging" }]);
    const last = await removed(sandbox, ["--context", "sandbox-staging"]);
    expect(told(last)).toContain("role-assignment removed");
  });

  it("an entry whose mark is another cluster's", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    setUp(sandbox, { context: "sandbox-staging" });
    const { metadata, data } = secretOf(sandbox, undefined, undefined, "sandbox-staging")!;
    sandbox.addObject("sandbox", {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/dockerconfigjson",
      metadata: {
        name: "acr-secret",
        namespace: "default",
        labels: metadata.labels,
        annotations: metadata.annotations,
      },
      data,
    } as never);
    sandbox.invariants.watch();
    expectDepartures(sandbox, [{ namespaces: ["awesomeapps"] }]);
    const run = await removed(sandbox);
    expect(told(run)[0]).toBe("secret kept (of-another-cluster)");
    expect(secretOf(sandbox, "default")).toBeDefined();
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it("a credential that somebody put in the place of ours, and takes our mark off it", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const auths = { [entry(sandbox)]: { username: "somebody", password: "else" } };
    secretOf(sandbox)!["data"] = {
      ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64"),
    };
    sandbox.invariants.watch();
    expectDepartures(sandbox);
    const run = await removed(sandbox);
    expect(told(run)).toContain("secret updated (holds-other-credential)");
    expect(dockerConfigOf(sandbox).auths).toEqual(auths);
    expect(secretOf(sandbox)?.metadata.annotations ?? {}).toEqual({});
    expect(livePasswords(sandbox)).toEqual([]);
  });

  it("a secret that somebody else made, though nothing is left in it", async (test) => {
    const sandbox = await start(test);
    addSecret(sandbox, { name: "acr-secret", namespace: "awesomeapps" }, { auths: {} });
    const before = stateOf(sandbox);
    const made = await setup(sandbox, ["--adopt"]);
    expect(made.code, made.stderr).toBe(0);
    expectDepartures(sandbox);
    const run = await removed(sandbox);
    expect(told(run)).toContain("secret updated (not-made-by-acr-pull)");
    expect(stateOf(sandbox)).toEqual(before);
  });

  it("what somebody else writes into a secret in the moment in which it goes", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    expectDepartures(sandbox);
    const theirs = { "other.example": { username: "u", password: "p", auth: "dTpw" } };
    let written = false;
    sandbox.observe((phase, { method, path, mutating }) => {
      if (written || phase !== "read" || method !== "DELETE" || !mutating || !path.includes("/secrets/"))
        return;
      written = true;
      const secret = secretOf(sandbox)!;
      const auths = { ...dockerConfigOf(sandbox).auths, ...theirs };
      secret["data"] = { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64") };
      secret.metadata.resourceVersion = `${secret.metadata.resourceVersion}0`;
      sandbox.invariants.watch();
    });
    const run = await removed(sandbox);
    expect(written).toBe(true);
    expect(told(run)).toContain("secret updated (holds-other-entries)");
    expect(dockerConfigOf(sandbox).auths).toEqual(theirs);
    expect(marksOf(sandbox)).toEqual({});
  });

  it.for<[string, (sandbox: Sandbox) => unknown, string]>([
    [
      "a password of somebody else's",
      (sandbox) => {
        const { passwords } = ownApplication(sandbox);
        passwords.push({
          ...passwords[0]!,
          keyId: "by-hand",
          displayName: "by hand",
          secretText: "x".repeat(40),
        });
      },
      "has-other-credentials",
    ],
    [
      "a federated credential",
      (sandbox) =>
        ownApplication(sandbox).federatedCredentials.push({
          id: "f",
          name: "ci",
          issuer: "https://issuer.example",
          subject: "s",
          audience: "api://AzureADTokenExchange",
        }),
      "has-other-credentials",
    ],
    [
      "a role elsewhere",
      ({ world }) => {
        const ours = world.roleAssignments.at(-1)!;
        const scope = ours.scope.replace("myregistry", "abacregistry");
        world.roleAssignments.push({
          ...ours,
          scope,
          name: "other",
          id: ours.id.replace("myregistry", "abacregistry"),
        });
      },
      "has-other-roles",
    ],
  ])("an application of ours on which hangs %s", async ([, add, reason], test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    add(sandbox);
    sandbox.invariants.watch();
    expectDepartures(sandbox);
    const run = await removed(sandbox);
    expect(told(run)).toEqual([
      "key removed",
      "role-assignment removed",
      `service-principal kept (${reason})`,
      `application kept (${reason})`,
      "secret removed",
    ]);
  });
});

describe.concurrent("remove, asked for a namespace that has no entry", () => {
  it("does nothing, and tells where there are some", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const { result, writes } = await countingWrites(sandbox, () => remove(sandbox, ["-n", "default"]));
    expect([result.code, result.json.removed, writes], result.stderr).toEqual([0, [], 0]);
    expect(result.stderr).toContain(
      "No secret that you asked for has an entry for this registry. These have one: sandbox/awesomeapps/acr-secret",
    );
  });
});

const hidden = { status: 404, code: "Request_ResourceNotFound", times: 9_999 };

describe.concurrent("remove calls nothing gone of which a part alone is not shown:", () => {
  it.for<[string, string]>([
    ["the federated credentials of its application", "GET .*/federatedIdentityCredentials"],
    ["the certificates of its application", "GET .*/applications/[^/?]+\\?.*keyCredentials"],
    ["the certificates of its service principal", "GET .*/servicePrincipals/[^/?]+\\?.*keyCredentials"],
  ])("%s", async ([, match], test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    sandbox.setFaults([{ match, ...hidden }]);
    const run = await remove(sandbox, ["--dry-run"]);
    expect(run.code, run.stderr).toBe(0);
    const plan = run.json.plan as Array<{ target: string; action: string; after: unknown }>;
    const fates = plan.map(({ target, action, after }) => [target.split(" ")[0], action, after]);
    expect(fates).toContainEqual(["key", "removed", null]);
    expect(fates).toContainEqual(["role", "removed", null]);
    expect(fates).toContainEqual(["application", "kept", { because: "not-seen" }]);
  });

  it("its application, which every run then names as left, until it is seen what can sign in as it", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    sandbox.setFaults([{ match: "GET .*/federatedIdentityCredentials", ...hidden }]);
    expectDepartures(sandbox);
    for (const times of [1, 2]) {
      const run = await remove(sandbox);
      expect([run.code, run.json.error?.code], run.stderr).toEqual([4, "remove.application-not-seen"]);
      expect(told(run), `run ${times}`).toContain("application kept (not-seen)");
      expect(run.json.error.hint).toContain(`az ad app delete --id ${ownApplication(sandbox).appId}`);
      expect([livePasswords(sandbox), liveAssignments(sandbox)]).toEqual([[], []]);
      expect([secretOf(sandbox), ownApplication(sandbox).removedAt]).toEqual([undefined, undefined]);
    }
    sandbox.setFaults([]);
    await removed(sandbox);
    expect(ownApplication(sandbox).removedAt).toBeDefined();
  });

  it("the roles on a registry that is there; nothing is written", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const match = "GET .*/registries/myregistry/providers/Microsoft.Authorization/roleAssignments";
    sandbox.setFaults([{ match, ...hidden, code: "ResourceNotFound" }]);
    const { result, writes } = await countingWrites(sandbox, () => remove(sandbox));
    expect([result.code, result.json.error?.code, writes], result.stderr).toEqual([1, "azure.not-found", 0]);
    expect(result.json.error.message).toContain("list the roles of principal");
  });

  it("its service principal, which some part of the directory does not know", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const marks = marksOf(sandbox);
    delete marks[entry(sandbox)].role;
    secretOf(sandbox)!.metadata.annotations!["acr-pull/entries"] = JSON.stringify(marks);
    sandbox.invariants.watch();
    const other = sandbox.world.roleAssignments.at(-1)!;
    const elsewhere = (text: string) => text.replace("myregistry", "abacregistry");
    sandbox.world.roleAssignments.push({
      ...other,
      scope: elsewhere(other.scope),
      id: elsewhere(other.id),
      name: "other",
    });
    sandbox.setFaults([{ match: "GET .*/servicePrincipals\\(appId", ...hidden, times: 3 }]);
    const run = await remove(sandbox, ["--dry-run"]);
    const plan = run.json.plan as Array<{ target: string; after: unknown }>;
    expect(plan.find(({ target }) => target.startsWith("application "))?.after, run.stderr).toEqual({
      because: "has-other-roles",
    });
  });
});

describe.concurrent("remove goes on", () => {
  it("without the secrets, by the name of the application", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const { objects } = sandbox.world.clusters[0]!;
    objects["secrets"] = objects["secrets"]!.filter(({ metadata }) => metadata.name !== "acr-secret");
    sandbox.invariants.watch();
    await removed(sandbox, prunes(sandbox));
    expect([livePasswords(sandbox), liveAssignments(sandbox)]).toEqual([[], []]);
    expect(ownApplication(sandbox)).toMatchObject({ softDeleted: false, removedAt: expect.any(Number) });
  });

  it("without the registry, which is deleted with its role assignments", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    // The invariants would take a host that no registry has any longer for somebody else's.
    sandbox.world.committed = () => undefined;
    const { registries, roleAssignments } = sandbox.world;
    registries.splice(0, 1);
    const left = roleAssignments.filter(({ scope }) => !scope.endsWith("/myregistry"));
    roleAssignments.splice(0, Infinity, ...left);
    await removed(sandbox);
    expect(secretOf(sandbox)).toBeUndefined();
    expect(ownApplication(sandbox)).toMatchObject({ softDeleted: false, removedAt: expect.any(Number) });
  });

  it("without the application, which somebody deleted", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    Object.assign(ownApplication(sandbox), { removedAt: Date.now(), softDeleted: true });
    sandbox.world.servicePrincipals.at(-1)!.removedAt = Date.now();
    sandbox.invariants.watch();
    expectDepartures(sandbox);
    const run = await removed(sandbox);
    // Its principal may be restored. Without it nobody can say whose the role was, and nobody can pull by it.
    expect(told(run)).toEqual(["role-assignment kept (principal-gone)", "secret removed"]);
    expect(run.json.removed[0].id).toBe(liveAssignments(sandbox)[0]?.id);
  });

  it("but not in another tenant, where the application only seems to be gone", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    Object.assign(ownApplication(sandbox), { removedAt: Date.now(), softDeleted: true });
    sandbox.invariants.watch();
    const { annotations } = secretOf(sandbox)!.metadata;
    annotations!["acr-pull/entries"] = annotations!["acr-pull/entries"]!.replace(
      /\/subscriptions\/[^/]+/,
      "/subscriptions/11111111-2222-4333-8444-555555555555",
    );
    const { result, writes } = await countingWrites(sandbox, () => remove(sandbox));
    expect([result.code, result.json.error?.code, writes]).toEqual([2, "service-principal.not-found", 0]);
  });

  it("after a fault in Azure half way: exit 4, and the same command does the rest", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox, { namespaces: ["awesomeapps", "default"] });
    expectDepartures(sandbox);
    sandbox.setFaults([{ match: "DELETE .*/roleAssignments/", status: 403, code: "ScopeLocked", times: 9 }]);
    const run = await remove(sandbox);
    expect([run.code, run.json.error.code], run.stderr).toEqual([4, "roles.policy"]);
    expect(told(run)).toEqual([
      "secret removed",
      "secret updated (unfinished)",
      "key removed",
      "role-assignment failed",
      "service-principal skipped",
      "application skipped",
    ]);
    sandbox.setFaults([]);
    const again = await removed(sandbox);
    expect(told(again)).toEqual([
      "role-assignment removed",
      "service-principal removed",
      "application removed",
      "secret removed",
    ]);
  });
});
