import { describe, expect, it } from "vitest";
import { dockerConfigOf, liveAssignments, livePasswords, marksOf, secretOf, setup } from "../program.ts";
import { setUp } from "./already-set-up.ts";
import { expectDepartures, remove, removed, told } from "./removal.ts";
import { start } from "./rotation.ts";

const both = ["--context", "sandbox", "--context", "sandbox-staging"];
const bothDepart = [{}, { context: "sandbox-staging" }];

describe.concurrent("remove in two clusters, of which one", () => {
  it("does not answer: the other is done, and the next run does the rest", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    setUp(sandbox, { context: "sandbox-staging" });
    expectDepartures(sandbox, bothDepart);
    const stop = sandbox.observe((phase, entry) =>
      phase === "read" && entry.service === "cluster sandbox-staging" ? "drop" : undefined,
    );
    const run = await remove(sandbox, [...both, "--timeout", "2s"]);
    stop();
    expect([run.code, run.json.error?.code], run.stderr).toEqual([4, "kubernetes.unreachable"]);
    expect(secretOf(sandbox)).toBeUndefined();
    expect(livePasswords(sandbox)).toHaveLength(1);
    await removed(sandbox, both);
    expect([livePasswords(sandbox), liveAssignments(sandbox)]).toEqual([[], []]);
  });

  it("fails half way: the other is done all the same", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    setUp(sandbox, { context: "sandbox-staging" });
    expectDepartures(sandbox, bothDepart);
    const stop = sandbox.observe((phase, entry) =>
      phase === "read" && entry.service === "cluster sandbox" && entry.mutating ? "drop" : undefined,
    );
    const run = await remove(sandbox, [...both, "--timeout", "2s"]);
    stop();
    expect(run.code, run.stderr).toBe(4);
    expect(secretOf(sandbox, undefined, undefined, "sandbox-staging")).toBeUndefined();
    await removed(sandbox, both);
    expect([livePasswords(sandbox), liveAssignments(sandbox)]).toEqual([[], []]);
  });
});

describe("remove in a cluster that was restored from another one's backup", () => {
  it("whose kube-system may not be read: leaves the other's keys, role and application alone", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const { metadata, data } = structuredClone(secretOf(sandbox)!);
    const { labels, annotations } = metadata;
    sandbox.addObject("sandbox-staging", {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/dockerconfigjson",
      metadata: { name: "acr-secret", namespace: "awesomeapps", labels: labels!, annotations: annotations! },
      data,
    });
    // Since then, the other cluster has changed to a new key.
    sandbox.world.clusters[0]!.objects["secrets"] = [];
    const { keyId, clusterId } = setUp(sandbox, { beside: true });
    const user = sandbox.world.clusters[1]!.users[0]!;
    const all = user.rules;
    user.rules = [{ verbs: ["*"], resources: ["secrets", "serviceaccounts", "pods"] }];
    const run = await remove(sandbox, ["--context", "sandbox-staging"]);
    expect([run.code, run.json.error?.code], run.stderr).toEqual([2, "remove.cluster-not-known"]);
    expect(run.json.error.message).toContain(clusterId);
    expect(sandbox.requests.mutating().filter(({ query }) => !query.includes("dryRun"))).toEqual([]);
    expect(livePasswords(sandbox).map((one) => one.keyId)).toContain(keyId);
    user.rules = all;
    const known = await remove(sandbox, ["--context", "sandbox-staging"]);
    expect(
      livePasswords(sandbox).map((one) => one.keyId),
      known.stderr,
    ).toContain(keyId);
  });
});

describe.concurrent("remove of one registry of two", () => {
  it("in one secret: the other's entry, mark, link and key stay", async (test) => {
    const sandbox = await start(test);
    for (const registry of ["myregistry", "abacregistry"]) {
      const run = await setup(sandbox, ["--registry", registry, "--service-account", "default"]);
      expect(run.code, run.stderr).toBe(0);
    }
    const [gone, stays] = sandbox.world.registries.map(({ loginServer }) => loginServer);
    const uid = secretOf(sandbox)?.metadata.uid;
    expectDepartures(sandbox);
    const run = await removed(sandbox);
    expect(told(run)).toContain("service-account kept (holds-other-entries)");
    expect(told(run)).toContain("secret updated (holds-other-entries)");
    expect(Object.keys(dockerConfigOf(sandbox).auths)).toEqual([stays]);
    expect(Object.keys(marksOf(sandbox))).toEqual([stays]);
    expect(marksOf(sandbox)).not.toHaveProperty(gone ?? "");
    expect(secretOf(sandbox)?.metadata.uid).toBe(uid);
    expect(secretOf(sandbox)?.metadata.labels).toMatchObject({ "acr-pull/managed": "true" });
    expect([livePasswords(sandbox).length, liveAssignments(sandbox).length]).toEqual([1, 1]);
    expectDepartures(sandbox, [{ registry: "abacregistry" }]);
    const last = await removed(sandbox, ["--registry", "abacregistry"]);
    expect(told(last)[0]).toBe("service-account updated");
    expect(secretOf(sandbox)).toBeUndefined();
  });

  it("of one service principal: its role on the one goes, and the key that the other needs stays", async (test) => {
    const options = { applications: [{ displayName: "shared", owners: ["caller"] }] };
    const sandbox = await start(test, options);
    const keys: string[] = [];
    for (const registry of ["myregistry", "abacregistry"]) {
      const args = ["--registry", registry, "--secret-name", registry, "--service-principal", "shared"];
      const run = await setup(sandbox, args);
      expect(run.code, run.stderr).toBe(0);
      keys.push(run.json.credentials[0].keyId);
    }
    expectDepartures(sandbox);
    const run = await removed(sandbox);
    expect(told(run).filter((one) => /^(?:key|role)/.test(one))).toEqual([
      "key removed",
      "key kept (still-held)",
      "role-assignment removed",
    ]);
    expect(livePasswords(sandbox).map(({ keyId }) => keyId)).toEqual([keys[1]]);
    expect(liveAssignments(sandbox)).toHaveLength(1);
  });
});
