import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { runSafely } from "../canary.ts";
import { secretOf, setup, type Run, type RunOptions } from "../program.ts";
import { changedOver, setUp } from "./already-set-up.ts";
import { countingWrites, killedAt, ownApplication, rotate, start } from "./rotation.ts";

/** `status` as JSON. There is no secret in its output, and it asks for no change. */
async function status(
  sandbox: Sandbox,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Run> {
  const { result, writes } = await countingWrites(sandbox, () =>
    runSafely(sandbox, ["status", "-o", "json", ...args], options),
  );
  expect(writes, "requests that ask for a change").toBe(0);
  return result;
}

/** The state of each entry by its namespace. */
function states({ json }: Run): Record<string, string> {
  return Object.fromEntries(
    json.entries.map(({ namespace, state }: Record<string, string>) => [namespace, state]),
  );
}

/** Nobody is signed in, and there is no az to ask. */
const noAzure: RunOptions = {
  env: {
    PATH: "/nowhere",
    AZURE_CLIENT_ID: undefined,
    AZURE_CLIENT_SECRET: undefined,
    AZURE_TENANT_ID: undefined,
  },
};

/** Changes a secret behind the API server's back. */
function change(
  sandbox: Sandbox,
  namespace: string,
  edit: (secret: NonNullable<ReturnType<typeof secretOf>>) => void,
) {
  const secret = secretOf(sandbox, namespace);
  if (!secret) throw new Error(`no secret in ${namespace}`);
  edit(secret);
  sandbox.invariants.watch();
}

function setData(secret: NonNullable<ReturnType<typeof secretOf>>, text: string) {
  secret["data"] = { ".dockerconfigjson": Buffer.from(text).toString("base64") };
}

/** Removes the keys that a test leaves on purpose. */
function forgetKeys(sandbox: Sandbox) {
  for (const key of ownApplication(sandbox).passwords) key.removedAt = Date.now();
}

const namespaces = ["awesomeapps", "default"];

describe.concurrent("status", () => {
  it("tells of every entry when nothing is to be done, and exits with 0", async (test) => {
    const sandbox = await start(test);
    const { keyId, appId, clusterId, expiresAt } = setUp(sandbox, { namespaces });
    const run = await status(sandbox);
    expect(run.code, run.stderr).toBe(0);
    const { loginServer } = sandbox.world.registries[0]!;
    expect(run.json).toMatchObject({
      schemaVersion: 1,
      command: "status",
      ok: true,
      orphans: [],
      pending: [],
      unseen: [],
      scopes: [{ context: "sandbox", clusterId, whole: true, namespaces: [] }],
    });
    expect(run.json.entries).toEqual(
      namespaces.map((namespace) => ({
        context: "sandbox",
        clusterId,
        namespace,
        name: "acr-secret",
        loginServer,
        registry: expect.stringMatching(/\/registries\/myregistry$/),
        appId,
        keyId,
        createdAt: expect.stringMatching(/Z$/),
        expiresAt,
        daysLeft: 178,
        state: "ok",
      })),
    );
  });

  it.for<[number, number]>([
    [1, 1],
    [100, 1],
    [1_200, 3],
  ])("of %i namespaces reads %i pages of two lists, and all else once", async ([count, pages], test) => {
    const teams = Array.from({ length: count }, (_, index) => `team-${index}`);
    const sandbox = await start(test, {
      clusters: [{ context: "sandbox", namespaces: [...teams, "kube-system"] }],
    });
    setUp(sandbox, { namespaces: teams });
    const before = sandbox.requests.entries.length;
    const run = await status(sandbox);
    expect(run.json.entries).toHaveLength(count);
    const all = sandbox.requests.entries
      .slice(before)
      .map(({ method, path }) => `${method} ${path.replace(/[0-9a-f-]{36}/, "ID").replace(/^\/ID/, "")}`);
    // Read in parallel with the directory, without waiting for it: accounts, which may name a missing secret.
    const isAccounts = (request: string) => request === "GET /api/v1/serviceaccounts";
    expect(all.filter(isAccounts)).toHaveLength(pages);
    const asked = all.filter((request) => !isAccounts(request));
    // In the order in which one waits for the other: the cluster, the sign-in, the applications, what depends on one.
    expect(asked.slice(0, 1 + pages).toSorted()).toEqual([
      "GET /api/v1/namespaces/kube-system",
      ...Array.from({ length: pages }, () => "GET /api/v1/secrets"),
    ]);
    // Nothing waits for the search for applications that no secret names.
    const isSearch = (request: string) => request === "GET /v1.0/applications";
    expect(asked.filter(isSearch)).toHaveLength(1);
    expect(asked.filter((request) => !isSearch(request)).slice(1 + pages, -4)).toEqual([
      "GET /metadata/endpoints",
      "POST /oauth2/v2.0/token",
      "GET /v1.0/applications(appId='ID')",
    ]);
    expect(
      asked
        .filter((request) => !isSearch(request))
        .slice(-4)
        .toSorted(),
    ).toEqual([
      "GET /v1.0/applications/ID/owners",
      "GET /v1.0/policies/defaultAppManagementPolicy",
      "GET /v1.0/servicePrincipals(appId='ID')",
      "GET /v1.0/servicePrincipals/ID",
    ]);
  });

  it("of an orphan asks every part of the directory, then looks at the secrets once more, and asks nothing where there is no key", async (test) => {
    const sandbox = await start(test);
    const countOf = async () => {
      const before = sandbox.requests.entries.length;
      const { json } = await status(sandbox);
      const paths = sandbox.requests.entries.slice(before).map(({ path }) => path);
      const times = (part: string) => paths.filter((path) => path.includes(part)).length;
      return [json.orphans.length, times("/api/v1/secrets"), times("/v1.0/applications(")];
    };
    expect(await countOf()).toEqual([0, 1, 0]);
    setUp(sandbox);
    expect(await countOf()).toEqual([0, 1, 1]);
    const { keyId } = setUp(sandbox, { namespaces: ["default"], beside: true });
    const secrets = sandbox.world.clusters[0]!.objects["secrets"]!;
    secrets.splice(
      secrets.findIndex(({ metadata }) => metadata.namespace === "default"),
      1,
    );
    expect(await countOf()).toEqual([1, 2, 9]);
    ownApplication(sandbox).passwords.find((one) => one.keyId === keyId)!.removedAt = Date.now();
  });

  it.each([
    ["31 days before the end", 149, [], "ok", 0],
    ["29 days before the end", 151, [], "expiring", 5],
    ["after the end", 200, [], "expired", 5],
  ])("%s: says so, and exits accordingly", async (_when, ageDays, args, state, code) => {
    const sandbox = await start({ onTestFinished: () => {} });
    try {
      setUp(sandbox, { ageDays });
      const run = await status(sandbox, args);
      expect([states(run)["awesomeapps"], run.code], run.stderr).toEqual([state, code]);
      // The marks record enough to say that.
      const without = await status(sandbox, args, noAzure);
      expect([states(without)["awesomeapps"], without.code], without.stderr).toEqual([state, code]);
    } finally {
      await sandbox.close();
    }
  });

  it.for<[string, number, string[], string]>([
    ["is new", 1, [], "ok"],
    ["has more than a third of its life yet", 9, [], "ok"],
    ["is in its last third", 11, [], "expiring"],
  ])(
    "of a key that lives 14 days and %s: says so, as verify does",
    async ([_when, ageDays, args, state], test) => {
      const sandbox = await start(test);
      setUp(sandbox, { ageDays, lifetimeDays: 14 });
      const run = await status(sandbox, args);
      expect([states(run)["awesomeapps"], run.code], run.stderr).toEqual([state, state === "ok" ? 0 : 5]);
      if (args.length > 0) return;
      const { json } = await runSafely(sandbox, ["verify", "-n", "awesomeapps", "-o", "json"]);
      const expiry = json.checks.find(({ id }: { id: string }) => id === "expiry");
      expect(expiry.status).toBe(state === "ok" ? "pass" : "warn");
    },
  );

  it("with Kubernetes rights alone tells what the marks say, and that orphans are unknown", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox, { namespaces });
    const run = await status(sandbox, [], noAzure);
    expect([run.code, states(run)], run.stderr).toEqual([0, { awesomeapps: "ok", default: "ok" }]);
    expect(run.json.orphans).toBeNull();
    expect(run.json.orphansUnknown.code).toBe("azure.not-signed-in");
    expect(run.json.entries[0].createdAt).toBeNull();
    const text = await runSafely(sandbox, ["status"], noAzure);
    expect(text.stdout).toMatch(
      /It is unknown whether keys are left that nothing holds:\s+the directory was not asked/,
    );
  });

  it("where secrets may be listed in some namespaces only, reads each, and says which and which not", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox, { namespaces });
    sandbox.world.clusters[0]!.users[0]!.rules = [
      { verbs: ["list"], resources: ["secrets"], namespaces: ["awesomeapps"] },
      { verbs: ["get", "list"], resources: ["namespaces"] },
    ];
    const run = await status(sandbox);
    expect([run.code, states(run)], run.stderr).toEqual([0, { awesomeapps: "ok" }]);
    expect(run.json.scopes[0].whole).toBe(false);
    expect(run.json.scopes[0].namespaces).toEqual(["awesomeapps"]);
    const missed = run.json.unseen.map(({ namespace }: { namespace: string }) => namespace);
    expect(missed.toSorted()).toEqual(["default", "kube-public", "kube-system"]);
    expect(run.json.orphansUnknown.code).toBe("status.cannot-see-all-namespaces");
  });

  it("says in a few lines what it may not read of many namespaces, and in the JSON names each", async (test) => {
    const teams = Array.from({ length: 60 }, (_, index) => `team-${index}`);
    const rules = [
      { verbs: ["list"], resources: ["secrets"], namespaces: ["team-7"] },
      { verbs: ["get", "list"], resources: ["namespaces"] },
    ];
    const sandbox = await start(test, {
      clusters: [{ context: "sandbox", namespaces: [...teams, "kube-system"], rules }],
    });
    setUp(sandbox, { namespaces: teams });
    const text = await runSafely(sandbox, ["status"]);
    expect(text.stdout.split("\n").length).toBeLessThan(20);
    expect(text.stdout).toContain("looked at only the namespace team-7");
    expect(text.stdout).toContain("Could not look at 60 namespaces of sandbox: kube-system, team-0");
    const run = await status(sandbox);
    const missed = run.json.unseen.map(({ namespace }: { namespace: string }) => namespace);
    const others = [...teams.filter((team) => team !== "team-7"), "kube-system"];
    expect([run.code, states(run), missed]).toEqual([0, { "team-7": "ok" }, others.toSorted()]);
  });

  it("reads the one secret that it knows by name where none may be listed", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox, { namespaces });
    sandbox.world.clusters[0]!.users[0]!.rules = [
      { verbs: ["get"], resources: ["secrets"], namespaces: ["awesomeapps"] },
      { verbs: ["get"], resources: ["namespaces"] },
    ];
    const run = await status(sandbox, ["-n", "awesomeapps"]);
    expect([run.code, states(run)], run.stderr).toEqual([0, { awesomeapps: "ok" }]);
    const refused = await status(sandbox, ["-n", "awesomeapps", "-n", "default"]);
    expect([refused.code, refused.json.error.code, states(refused)]).toEqual([
      3,
      "kubernetes.forbidden",
      { awesomeapps: "ok" },
    ]);
  });

  it("goes on without a cluster that does not answer, and does not call that in order", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const [, staging] = sandbox.world.clusters;
    staging!.users[0]!.rules = [];
    const run = await status(sandbox, ["--context", "sandbox", "--context", "sandbox-staging"]);
    expect([run.code, states(run)], run.stderr).toEqual([2, { awesomeapps: "ok" }]);
    expect(run.json.unseen.map(({ context }: { context: string }) => context)).toContain("sandbox-staging");
  });

  it("does not call in order what did not answer, nor a chosen namespace that may not be read", async (test) => {
    const rules = [
      { verbs: ["list"], resources: ["secrets"], namespaces: ["awesomeapps"] },
      { verbs: ["get", "list"], resources: ["namespaces"] },
    ];
    const faults = [{ match: "GET /api/v1/namespaces/kube-public/secrets", times: 9, status: 400 }];
    const sandbox = await start(test, { faults });
    setUp(sandbox, { namespaces });
    sandbox.world.clusters[0]!.users[0]!.rules = rules;
    const silent = await status(sandbox);
    expect([silent.code, states(silent)], silent.stderr).toEqual([1, { awesomeapps: "ok" }]);
    expect(silent.json.error.message).toContain("kube-public");
    const place = { metadata: { labels: { team: "web" } } };
    for (const one of sandbox.world.clusters[0]!.objects["namespaces"]!)
      if (namespaces.includes(one.metadata.name)) Object.assign(one.metadata, place.metadata);
    const chosen = await status(sandbox, ["--namespace-selector", "team=web"]);
    expect([chosen.code, chosen.json.error.code], chosen.stderr).toEqual([3, "kubernetes.forbidden"]);
  });

  it("tells of a cluster that it sees whole what it cannot tell of another", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const { keyId } = setUp(sandbox, { namespaces: ["kube-public"], beside: true });
    setUp(sandbox, { context: "sandbox-staging" });
    const [secrets] = sandbox.world.clusters.map(({ objects }) => objects["secrets"]!);
    secrets!.splice(
      secrets!.findIndex(({ metadata }) => metadata.namespace === "kube-public"),
      1,
    );
    sandbox.world.clusters[1]!.users[0]!.rules = [
      { verbs: ["get", "list"], resources: ["secrets"], namespaces: ["awesomeapps"] },
      { verbs: ["get", "list"], resources: ["namespaces"] },
    ];
    const run = await status(sandbox, ["--context", "sandbox-staging", "--context", "sandbox"]);
    expect([run.code, run.json.orphans, run.json.orphansUnknown.code], run.stderr).toMatchObject([
      5,
      [{ context: "sandbox", keyId }],
      "status.cannot-see-all-namespaces",
    ]);
    expect(run.json.orphansUnknown.message).toContain("sandbox-staging");
    ownApplication(sandbox).passwords.find((one) => one.keyId === keyId)!.removedAt = Date.now();
  });

  it("misses nothing that one of two contexts of a cluster may read", async (test) => {
    const rules = (namespace: string) => [
      { verbs: ["list"], resources: ["secrets"], namespaces: [namespace] },
      { verbs: ["get", "list"], resources: ["namespaces"] },
    ];
    const users = [{ context: "other", rules: rules("default") }];
    const sandbox = await start(test, {
      clusters: [{ context: "sandbox", users, rules: rules("awesomeapps") }],
    });
    setUp(sandbox, { namespaces });
    const both = ["-n", "awesomeapps", "-n", "default"];
    const run = await status(sandbox, ["--context", "sandbox", "--context", "other", ...both]);
    expect([run.code, states(run)], run.stderr).toEqual([0, { awesomeapps: "ok", default: "ok" }]);
    expect([run.json.unseen, run.json.scopes[0].namespaces]).toEqual([[], namespaces]);
    const less = await status(sandbox, both);
    expect([less.code, less.json.unseen.length]).toEqual([3, 1]);
  });

  it("says what nothing was found in, and that this is in order", async (test) => {
    const sandbox = await start(test);
    const run = await status(sandbox);
    expect([run.code, run.json.entries, run.json.orphans]).toEqual([0, [], []]);
    const text = await runSafely(sandbox, ["status"]);
    expect(text.stdout).toContain("No secret in sandbox");
  });

  it("shows only what was asked for, and still knows what all secrets hold", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox, { namespaces });
    setUp(sandbox, { namespaces: ["kube-public"], beside: true });
    const run = await status(sandbox, ["-n", "default"]);
    expect([states(run), run.json.orphans]).toEqual([{ default: "ok" }, []]);
    change(sandbox, "awesomeapps", ({ metadata }) => {
      const pending = {
        operation: "o",
        holder: { host: "h", boot: "b", pid: 1 },
        renewedAt: "2026-01-01T00:00:00Z",
      };
      metadata.annotations!["acr-pull/entries"] = metadata.annotations!["acr-pull/entries"]!.replace(
        /}}$/,
        `,"pending":${JSON.stringify(pending)}}}`,
      );
    });
    const [mine, theirs] = [await status(sandbox, ["-n", "default"]), await status(sandbox)];
    expect([mine.code, mine.json.pending, theirs.code, theirs.json.pending]).toMatchObject([
      0,
      [],
      5,
      [{ kind: "run", overdue: true, secrets: ["awesomeapps/acr-secret"] }],
    ]);
    const other = await status(sandbox, ["--registry", "abacregistry"]);
    expect(other.json.entries).toEqual([]);
    const named = await status(sandbox, ["--secret-name", "other"]);
    expect(named.json.entries).toEqual([]);
  });
});

describe.concurrent("status, of an entry that somebody changed,", () => {
  it.each<[string, (secret: NonNullable<ReturnType<typeof secretOf>>, loginServer: string) => void, string]>([
    ["has lost its host", (secret) => setData(secret, `{"auths":{}}`), "no longer holds anything"],
    ["is no JSON any more", (secret) => setData(secret, "{"), "is not JSON"],
    [
      "holds another user",
      (secret, host) =>
        setData(secret, JSON.stringify({ auths: { [host]: { username: "u", password: "p" } } })),
      "another user name",
    ],
    [
      "has marks beyond reading",
      (secret) => (secret.metadata.annotations!["acr-pull/entries"] = "{"),
      "marks cannot be read",
    ],
    [
      "was copied from another cluster",
      (secret) =>
        (secret.metadata.annotations!["acr-pull/entries"] = secret.metadata.annotations![
          "acr-pull/entries"
        ]!.replace(/"clusterId":"[^"]+"/, `"clusterId":"elsewhere"`)),
      "another cluster",
    ],
    [
      "says that it ends at no time",
      (secret) =>
        (secret.metadata.annotations!["acr-pull/entries"] = secret.metadata.annotations![
          "acr-pull/entries"
        ]!.replace(/"expiresAt":"[^"]+"/, `"expiresAt":"some day"`)),
      "marks cannot be read",
    ],
    [
      "has lost its marks",
      (secret) => delete secret.metadata.annotations!["acr-pull/entries"],
      "marks are gone",
    ],
    [
      "names no application, and no run that is to",
      (secret, host) => {
        const { registry, clusterId } = JSON.parse(secret.metadata.annotations!["acr-pull/entries"]!)[host];
        secret.metadata.annotations!["acr-pull/entries"] = JSON.stringify({
          [host]: { registry, clusterId },
        });
        setData(secret, `{"auths":{}}`);
      },
      "no run is at work that would write a key",
    ],
    [
      "is written by Helm",
      (secret) => (secret.metadata.annotations!["meta.helm.sh/release-name"] = "x"),
      "Helm (release x) writes it",
    ],
  ])("which %s: says so", async (_how, edit, reason) => {
    const sandbox = await start({ onTestFinished: () => {} });
    try {
      setUp(sandbox, { namespaces });
      change(sandbox, "default", (secret) => edit(secret, sandbox.world.registries[0]!.loginServer));
      const run = await status(sandbox);
      expect([run.code, states(run)], run.stderr).toEqual([
        5,
        { awesomeapps: "ok", default: "foreign-change" },
      ]);
      const changed = run.json.entries.find(({ state }: { state: string }) => state === "foreign-change");
      expect(changed.reason).toContain(reason);
    } finally {
      await sandbox.close();
    }
  });

  it("whose password begins as no key of that id does: says so, when the directory can be asked", async (test) => {
    const sandbox = await start(test);
    const { appId } = setUp(sandbox, { namespaces });
    const host = sandbox.world.registries[0]!.loginServer;
    change(sandbox, "default", (secret) =>
      setData(secret, JSON.stringify({ auths: { [host]: { username: appId, password: "~~~pasted" } } })),
    );
    expect(states(await status(sandbox))["default"]).toBe("foreign-change");
    expect(states(await status(sandbox, [], noAzure))["default"]).toBe("ok");
  });
});

describe.concurrent("status, while keys come and go,", () => {
  it("tells what a pending retirement waits for, and when nobody came to finish it", async (test) => {
    const sandbox = await start(test);
    const { old } = changedOver(sandbox, { namespaces });
    const run = await status(sandbox);
    expect([run.code, states(run)], run.stderr).toEqual([0, { awesomeapps: "pending", default: "pending" }]);
    expect(run.json.pending).toMatchObject([
      {
        kind: "retirement",
        keyId: old,
        due: false,
        overdue: false,
        secrets: ["awesomeapps/acr-secret", "default/acr-secret"],
      },
    ]);
    change(sandbox, "awesomeapps", ({ metadata }) => {
      const text = metadata.annotations!["acr-pull/entries"]!;
      const after = new Date(Date.now() - 25 * 3_600_000).toISOString();
      metadata.annotations!["acr-pull/entries"] = text.replace(/"after":"[^"]*"/, `"after":"${after}"`);
    });
    // The other secret still lets it live longer.
    expect((await status(sandbox)).code).toBe(0);
    change(sandbox, "default", ({ metadata }) => {
      const text = metadata.annotations!["acr-pull/entries"]!;
      const after = new Date(Date.now() - 25 * 3_600_000).toISOString();
      metadata.annotations!["acr-pull/entries"] = text.replace(/"after":"[^"]*"/, `"after":"${after}"`);
    });
    const overdue = await status(sandbox);
    expect([overdue.code, overdue.json.pending[0].overdue]).toEqual([5, true]);
    expect((await runSafely(sandbox, ["status"])).stdout).toContain(
      "acr-pull rotate --context sandbox --if-due --yes",
    );
  });

  it("names a rotation that renews a key that is expiring", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox, { ageDays: 16, lifetimeDays: 20 });
    const { stdout } = await runSafely(sandbox, ["status"]);
    const told = "rotate --context sandbox --if-due --yes";
    expect(stdout).toContain(`acr-pull ${told}`);
    const run = await runSafely(sandbox, [...told.split(" "), "-o", "json", "--settle", "0s"]);
    expect(run.json.rotations[0].state).toBe("pending");
  });

  it("knows a secret that a rotation has not come to by the key that others were changed over from", async (test) => {
    const sandbox = await start(test);
    const { keyId: old } = setUp(sandbox, { namespaces });
    await killedAt(
      sandbox,
      [],
      ({ method, path, query }) =>
        method === "PATCH" && path.includes("/default/") && !query.includes("dryRun"),
      "read",
    );
    const run = await status(sandbox, [], noAzure);
    expect([run.code, states(run)["default"]], run.stderr).toEqual([5, "stale-key"]);
    expect(run.json.pending.map(({ kind }: { kind: string }) => kind)).toContain("retirement");
    expect(run.json.pending.find(({ keyId }: { keyId: string }) => keyId === old)).toBeDefined();
    await rotate(sandbox);
    expect((await status(sandbox)).code).toBe(0);
  });

  it("knows a key that somebody removed, and one whose application is gone, by the directory alone", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const application = ownApplication(sandbox);
    application.passwords[0]!.removedAt = Date.now() - 1_000;
    sandbox.invariants.watch();
    const removed = await status(sandbox);
    expect([removed.code, states(removed)["awesomeapps"]]).toEqual([5, "stale-key"]);
    expect(removed.json.entries[0].reason).toBe("the directory no longer lists its key");
    sandbox.world.applications.splice(sandbox.world.applications.indexOf(application), 1);
    const gone = await status(sandbox);
    expect(gone.json.entries[0].reason).toContain("application is gone");
    expect(states(await status(sandbox, [], noAzure))["awesomeapps"]).toBe("ok");
  });

  it("right after setup does not say that a key is removed which only a lagging part of the directory was asked for", async (test) => {
    const sandbox = await start(test);
    const made = await setup(sandbox);
    expect(made.code, made.stderr).toBe(0);
    const { world } = sandbox;
    const reasonFor = async (records: ReadonlyArray<{ readonly createdAt: number }>) => {
      const late = records.map((record) => ({ record, createdAt: record.createdAt }));
      for (const { record } of late) Object.assign(record, { createdAt: Date.now() + 3_600_000 });
      const { json } = await status(sandbox);
      for (const { record, createdAt } of late) Object.assign(record, { createdAt });
      return [json.entries[0].state, json.entries[0].cause, json.entries[0].reason];
    };
    const application = ownApplication(sandbox);
    const principal = world.servicePrincipals.find(({ appId }) => appId === application.appId);
    const isNew = expect.stringContaining("too new to be known everywhere");
    expect(await reasonFor(application.passwords)).toEqual(["stale-key", "key-removed", isNew]);
    expect(await reasonFor([application])).toEqual(["stale-key", "application-gone", isNew]);
    expect(await reasonFor(principal ? [principal] : [])).toEqual(["stale-key", "principal-gone", isNew]);
  });

  it("knows a principal that was switched off or deleted, and does not take one for gone that a part of the directory does not know", async (test) => {
    const sandbox = await start(test, {
      faults: [
        { match: "GET /v1.0/servicePrincipals\\(appId", status: 404, code: "Request_ResourceNotFound" },
      ],
    });
    const { appId } = setUp(sandbox);
    expect(states(await status(sandbox))["awesomeapps"]).toBe("ok");
    const { servicePrincipals } = sandbox.world;
    const index = servicePrincipals.findIndex((one) => one.appId === appId);
    servicePrincipals[index]!.accountEnabled = false;
    const off = await status(sandbox);
    expect([off.code, off.json.entries[0].state, off.json.entries[0].reason], off.stderr).toEqual([
      5,
      "stale-key",
      expect.stringContaining("service principal is disabled"),
    ]);
    expect(off.json.entries[0].cause).toBe("principal-disabled");
    // A new key would be refused like the old one.
    const { stdout } = await runSafely(sandbox, ["status"]);
    expect(stdout).toContain("acr-pull verify --context sandbox --namespace awesomeapps");
    expect(stdout).not.toContain("acr-pull rotate");
    servicePrincipals.splice(index, 1);
    const gone = await status(sandbox);
    expect([gone.code, gone.json.entries[0].state, gone.json.entries[0].reason], gone.stderr).toEqual([
      5,
      "stale-key",
      expect.stringContaining("service principal is gone"),
    ]);
  });

  it("says what of an application it could not read", async (test) => {
    const refusal = { times: 9, status: 403, code: "Authorization_RequestDenied" };
    const sandbox = await start(test, {
      faults: [
        { match: "GET /v1.0/servicePrincipals", ...refusal },
        { match: "GET /v1.0/applications/.*/owners", ...refusal },
      ],
    });
    setUp(sandbox);
    const run = await status(sandbox);
    expect([run.code, states(run), run.json.warnings], run.stderr).toMatchObject([
      0,
      { awesomeapps: "ok" },
      [
        {
          code: "application.unread",
          message: expect.stringMatching(
            /service principal exists and may sign in or whether it has more than one owner/,
          ),
        },
      ],
    ]);
    expect((await runSafely(sandbox, ["status"])).stdout).toContain("could not read whether");
  });

  it("does not take a key for an orphan that was just retired and that most parts of the directory still list", async (test) => {
    const sandbox = await start(test, { replicas: 5, replicationLag: "1h" });
    const { keyId: retired } = setUp(sandbox, { namespaces: ["default"] });
    sandbox.world.clusters[0]!.objects["secrets"] = [];
    setUp(sandbox, { beside: true });
    ownApplication(sandbox).passwords.find(({ keyId }) => keyId === retired)!.removedAt = Date.now() - 1_000;
    sandbox.invariants.watch();
    for (let runs = 1; runs <= 3; runs += 1) {
      const run = await status(sandbox);
      expect([run.code, run.json.orphans], `run ${runs}: ${run.stderr}`).toEqual([0, []]);
    }
  });

  it("does not take a key for an orphan that a killed run's mark names", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    await killedAt(sandbox, [], ({ path }) => path.endsWith("/addPassword"), "committed");
    const run = await status(sandbox);
    expect([run.code, run.json.orphans, states(run)], run.stderr).toEqual([
      0,
      [],
      { awesomeapps: "pending" },
    ]);
    expect(run.json.pending).toMatchObject([{ kind: "run", live: false, overdue: false }]);
  });

  it("does not call in order a secret that a first setup has left empty", async (test) => {
    const faults = [{ match: "PUT .*/roleAssignments/", status: 400, code: "BadRequest" }];
    const sandbox = await start(test, { faults });
    const first = await runSafely(sandbox, ["setup", "--registry", "myregistry", "-n", "default", "-y"]);
    expect(first.code, first.stderr).toBe(4);
    const run = await status(sandbox);
    expect([run.code, states(run), run.json.pending], run.stderr).toMatchObject([
      5,
      { default: "pending" },
      [{ kind: "run", live: false, overdue: true }],
    ]);
    const { stdout } = await runSafely(sandbox, ["status"]);
    expect(stdout).toContain("did not finish");
    expect(stdout).not.toContain("all in order");
    expect(stdout).toMatch(
      / {2}acr-pull setup --registry \S+ .*--namespace default --secret-name acr-secret/,
    );
    expect(stdout).not.toContain("acr-pull verify");
    expect(stdout).not.toContain("acr-pull rotate");
    await runSafely(sandbox, ["setup", "--registry", "myregistry", "-n", "default", "-y"]);
    expect((await status(sandbox)).code).toBe(0);
  });

  it("warns of a secret that is immutable, as verify does, for rotate and remove refuse it", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    Object.assign(secretOf(sandbox) ?? {}, { immutable: true });
    const run = await status(sandbox);
    expect([run.code, run.json.warnings]).toMatchObject([
      0,
      [{ code: "secret.immutable", appId: ownApplication(sandbox).appId }],
    ]);
    expect(run.json.warnings[0].message).toContain("sandbox/awesomeapps/acr-secret is immutable");
    const verified = await runSafely(sandbox, ["verify", "-n", "awesomeapps", "-o", "json"]);
    const said = verified.json.checks.filter(({ status }: { status: string }) => status === "warn");
    expect([verified.code, said]).toMatchObject([0, [{ id: "secret-type" }]]);
    expect(said[0].message).toContain("is immutable");
  });

  it("warns of an application whose only owner is one person", async (test) => {
    const sandbox = await start(test, {
      users: [{ userPrincipalName: "eve@example.com", displayName: "Eve" }],
    });
    setUp(sandbox);
    ownApplication(sandbox).owners.splice(0, 1, sandbox.world.users.at(-1)!.id);
    const run = await status(sandbox);
    expect([run.code, run.json.warnings]).toMatchObject([0, [{ code: "application.one-owner" }]]);
    ownApplication(sandbox).owners.push(sandbox.world.caller.objectId);
    expect((await status(sandbox)).json.warnings).toEqual([]);
  });
});

describe.concurrent("status, of a key that no secret holds", () => {
  /** A world with a key that no secret holds. */
  async function withOrphan(test: Parameters<typeof start>[0]) {
    const sandbox = await start(test);
    const { keyId } = setUp(sandbox);
    const orphan = setUp(sandbox, { namespaces: ["kube-public"], beside: true });
    const secrets = sandbox.world.clusters[0]!.objects["secrets"]!;
    secrets.splice(
      secrets.findIndex(({ metadata }) => metadata.namespace === "kube-public"),
      1,
    );
    sandbox.invariants.watch();
    return { sandbox, keyId, orphan: orphan.keyId };
  }

  it("tells that key, with the command that removes it, and exit 5", async (test) => {
    const { sandbox, orphan } = await withOrphan(test);
    const told = await status(sandbox);
    expect([told.code, told.json.orphans]).toMatchObject([5, [{ keyId: orphan }]]);
    const text = await runSafely(sandbox, ["status"]);
    const { appId } = ownApplication(sandbox);
    expect(text.stdout).toContain(`az ad app credential delete --id ${appId} --key-id ${orphan}`);
    expect(text.stdout).toContain("1 entry is in order, but not everything is:");
    forgetKeys(sandbox);
  });

  it("says that it cannot know where only marks tell which cluster it is: they may have been copied", async (test) => {
    const { sandbox } = await withOrphan(test);
    sandbox.world.clusters[0]!.users[0]!.rules = [{ verbs: ["get", "list"], resources: ["secrets"] }];
    const told = await status(sandbox);
    expect([told.code, told.json.orphans, told.json.orphansUnknown.code], told.stderr).toEqual([
      0,
      null,
      "status.cluster-not-known",
    ]);
    forgetKeys(sandbox);
  });

  it.for([
    ["by the registry's login server", true],
    ["in the directory, when nobody says which registry", false],
  ] as const)(
    "finds what is left of an application when no secret names it any more, %s",
    async ([, named], test) => {
      const { sandbox, keyId, orphan } = await withOrphan(test);
      sandbox.world.clusters[0]!.objects["secrets"] = [];
      sandbox.invariants.watch();
      const host = sandbox.world.registries[0]!.loginServer;
      const run = await status(sandbox, named ? ["--registry", host] : []);
      expect(run.code, run.stderr).toBe(5);
      expect(run.json.orphans.map((one: { keyId: string }) => one.keyId)).toEqual([keyId, orphan]);
      forgetKeys(sandbox);
    },
  );
});

describe.concurrent("status, of keys whose application no secret names", () => {
  /** A world whose secrets somebody deleted. The key still lives. */
  async function withoutSecrets(
    test: Parameters<typeof start>[0],
    options: Parameters<typeof start>[1] = {},
  ) {
    const sandbox = await start(test, options);
    const made = setUp(sandbox);
    sandbox.world.clusters[0]!.objects["secrets"] = [];
    sandbox.invariants.watch();
    return { sandbox, ...made };
  }

  it("leaves those of other clusters alone, and asks nothing further where there is none", async (test) => {
    const { sandbox } = await withoutSecrets(test, {
      clusters: [{ context: "sandbox" }, { context: "elsewhere" }],
    });
    const before = sandbox.requests.entries.length;
    const run = await status(sandbox, ["--context", "elsewhere"]);
    expect([run.code, run.json.orphans], run.stderr).toEqual([0, []]);
    const asked = sandbox.requests.entries.slice(before).map(({ path }) => path);
    expect(asked.filter((path) => path.includes("/v1.0/"))).toEqual(["/v1.0/applications"]);
    forgetKeys(sandbox);
  });

  it("reads every page of the applications there are", async (test) => {
    const { sandbox, keyId } = await withoutSecrets(test, { pageSize: 2 });
    const [, own] = sandbox.world.applications;
    for (const number of [1, 2, 3, 4, 5]) {
      const id = `0000000${number}-0000-4000-8000-000000000000`;
      sandbox.world.applications.splice(1, 0, { ...own!, id, appId: id, uniqueName: id, passwords: [] });
    }
    expect((await status(sandbox)).json.orphans).toMatchObject([{ keyId }]);
    forgetKeys(sandbox);
  });

  it("reports no orphan whose application was deleted a moment ago", async (test) => {
    const { sandbox } = await withoutSecrets(test);
    const application = ownApplication(sandbox);
    let listed = false;
    // A list lags behind a read by id.
    sandbox.observe((phase, { path }) => {
      if (phase !== "committed" || path !== "/v1.0/applications") return;
      listed = true;
      Object.assign(application, { removedAt: Date.now() });
    });
    const run = await status(sandbox);
    expect([run.code, run.json.orphans, listed], run.stderr).toEqual([0, [], true]);
  });

  it("says that it does not know where the directory does not let itself be searched", async (test) => {
    const { sandbox } = await withoutSecrets(test, {
      faults: [{ match: "GET .*/v1.0/applications\\?", times: 99, status: 403 }],
    });
    const run = await status(sandbox);
    expect([run.code, run.json.orphans, run.json.orphansUnknown.code], run.stderr).toEqual([
      0,
      null,
      "directory.forbidden",
    ]);
    // It still reports the applications that secrets name.
    forgetKeys(sandbox);
    sandbox.world.applications.splice(1);
    setUp(sandbox);
    const partly = await status(sandbox);
    expect([partly.code, partly.json.orphans, partly.json.orphansUnknown.code], partly.stderr).toEqual([
      0,
      [],
      "directory.forbidden",
    ]);
    const { stdout } = await runSafely(sandbox, ["status"]);
    expect(stdout.replaceAll(/\s+/g, " ")).toContain(
      "that nothing holds: acr-pull could not search for applications that no secret names",
    );
  });

  it("says that it does not know where nobody is signed in, and there is no secret", async (test) => {
    const { sandbox } = await withoutSecrets(test);
    const run = await status(sandbox, [], noAzure);
    expect([run.code, run.json.orphans, run.json.orphansUnknown.code], run.stderr).toEqual([
      0,
      null,
      "azure.not-signed-in",
    ]);
    forgetKeys(sandbox);
  });

  it("says that it does not know of a registry whose login server nothing tells", async (test) => {
    const { sandbox } = await withoutSecrets(test);
    const run = await status(sandbox, ["--registry", "myregistry"]);
    expect([run.code, run.json.orphans, run.json.orphansUnknown.code], run.stderr).toEqual([
      5,
      null,
      "status.registry-not-known",
    ]);
    expect(run.json.orphansUnknown.message).toContain("--registry LOGIN_SERVER");
    forgetKeys(sandbox);
  });

  it("searches nothing where it could not tell what it found from a key in use", async (test) => {
    const { sandbox } = await withoutSecrets(test);
    sandbox.world.clusters[0]!.users[0]!.rules = [
      { verbs: ["get", "list"], resources: ["secrets"], namespaces: ["awesomeapps"] },
      { verbs: ["get"], resources: ["namespaces"] },
    ];
    const before = sandbox.requests.entries.length;
    const run = await status(sandbox, ["-n", "awesomeapps"]);
    expect([run.json.orphans, run.json.orphansUnknown.code]).toEqual([
      null,
      "status.cannot-see-all-namespaces",
    ]);
    const asked = sandbox.requests.entries.slice(before).map(({ path }) => path);
    expect(asked.filter((path) => path.includes("/v1.0/"))).toEqual([]);
    forgetKeys(sandbox);
  });
});
