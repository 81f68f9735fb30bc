import { expect, it } from "vitest";
import type { Run } from "../../program.ts";
import { expectDepartures } from "../removal.ts";
import { ownApplication } from "../rotation.ts";
import { onEachCluster } from "./on-each-cluster.ts";
import type { Scenario } from "./scenario.ts";

/** The ids of the checks of `verify` with this status. */
const checks = (run: Run, status: string): string[] =>
  run.json.checks
    .filter((one: { status: string }) => one.status === status)
    .map((one: { id: string }) => one.id);

/** A world with one namespace that is set up, and whose account `default` is linked. */
async function setUpNamespace(
  scenario: Scenario,
  wish: Parameters<Scenario["setUp"]>[1] = {},
): Promise<string> {
  const namespace = await scenario.namespace();
  await scenario.setUp([namespace], wish);
  await scenario.patch("ServiceAccount", namespace, "default", {
    imagePullSecrets: [{ name: wish.secretName ?? "acr-secret" }],
  });
  return namespace;
}

const encoded = (content: unknown) => ({
  data: { ".dockerconfigjson": Buffer.from(JSON.stringify(content)).toString("base64") },
});

/** What can break pulls in a cluster, and the checks that fail because of it. */
const breakages: ReadonlyArray<{
  readonly what: string;
  readonly breakIt: (scenario: Scenario, namespace: string) => unknown;
  readonly fails: readonly string[];
}> = [
  {
    what: "the secret is gone",
    breakIt: (scenario, namespace) => scenario.delete("Secret", namespace, "acr-secret"),
    fails: ["secret-present"],
  },
  {
    what: "the secret is of another type",
    breakIt: async (scenario, namespace) => {
      await scenario.delete("Secret", namespace, "acr-secret");
      await scenario.add(
        "Secret",
        { name: "acr-secret", namespace },
        { type: "Opaque", data: { a: "Yg==" } },
      );
    },
    fails: ["secret-type"],
  },
  {
    what: "another host's entry does not decode",
    breakIt: async (scenario, namespace) => {
      const auths = await scenario.auths(namespace);
      const broken = { auths: { ...auths, "quay.io": { auth: "not:base64" } } };
      await scenario.patch("Secret", namespace, "acr-secret", encoded(broken));
    },
    fails: ["secret-parses"],
  },
  {
    what: "the entry is for another host",
    breakIt: async (scenario, namespace) => {
      const [entry] = Object.values(await scenario.auths(namespace));
      await scenario.patch("Secret", namespace, "acr-secret", encoded({ auths: { "other.example": entry } }));
    },
    fails: ["secret-registry"],
  },
  {
    what: "the entry holds a password that signs nobody in",
    breakIt: async (scenario, namespace) => {
      const host = scenario.loginServer();
      const entry = (await scenario.auths(namespace))[host]!;
      const auth = Buffer.from(`${entry.username}:wrong`).toString("base64");
      const auths = { [host]: { ...entry, password: "wrong", auth } };
      await scenario.patch("Secret", namespace, "acr-secret", encoded({ auths }));
    },
    fails: ["sign-in"],
  },
  {
    what: "the secret is being deleted",
    breakIt: async (scenario, namespace) => {
      const metadata = { finalizers: ["test.example/hold"] };
      await scenario.patch("Secret", namespace, "acr-secret", { metadata });
      await scenario.delete("Secret", namespace, "acr-secret");
    },
    fails: ["secret-present"],
  },
  {
    what: "a pod waits for its image, and neither it nor its account names the secret",
    breakIt: async (scenario, namespace) => {
      await scenario.patch("ServiceAccount", namespace, "default", { imagePullSecrets: null });
      await scenario.addWaitingPod(namespace, { secrets: [] });
    },
    fails: ["pod"],
  },
  {
    what: "a pod waits for its image, and names another secret",
    breakIt: (scenario, namespace) => scenario.addWaitingPod(namespace, { secrets: ["other"] }),
    fails: ["secret-present", "pod"],
  },
];

onEachCluster((open) => {
  it("verify finds all in order where it is, and changes nothing", async (test) => {
    const scenario = await open(test);
    const namespace = await setUpNamespace(scenario);
    const run = await scenario.look(["verify", "-n", namespace]);
    expect([run.code, checks(run, "fail")], run.stderr).toEqual([0, []]);
  });

  it.for(breakages)("verify tells when $what", async ({ breakIt, fails }, test) => {
    const scenario = await open(test);
    const namespace = await setUpNamespace(scenario);
    await breakIt(scenario, namespace);
    const run = await scenario.look(["verify", "-n", namespace]);
    expect([run.code, checks(run, "fail")], run.stderr + run.stdout).toEqual([5, fails]);
    // Some breakages leave a key that nothing leads to.
    ownApplication(scenario.sandbox).passwords.splice(0);
  });

  it("verify tells of a namespace that is not there", async (test) => {
    const scenario = await open(test);
    const nowhere = await scenario.look(["verify", "-n", scenario.newName()]);
    expect([nowhere.code, checks(nowhere, "fail")]).toEqual([5, ["secret-present"]]);
  });

  it("verify --pod tells why one pod does not pull", async (test) => {
    const scenario = await open(test);
    const namespace = await setUpNamespace(scenario);
    await scenario.addWaitingPod(namespace, { secrets: ["other"] });
    const run = await scenario.look(["verify", "-n", namespace, "--pod", "app"]);
    expect([run.code, checks(run, "fail")], run.stdout).toEqual([5, ["secret-present", "pod"]]);
    const missing = await scenario.look(["verify", "-n", namespace, "--pod", "nobody"]);
    expect(missing.code).toBe(5);
  });

  it("status tells of every entry when nothing is to be done, and of one namespace's", async (test) => {
    const scenario = await open(test);
    const namespaces = [await scenario.namespace(), await scenario.namespace()].sort();
    const { keyId } = await scenario.setUp(namespaces);
    for (const [args, expected] of [
      [[], namespaces],
      [["--context", scenario.cluster.context], namespaces],
      [["-n", namespaces[0]!], namespaces.slice(0, 1)],
    ] as const) {
      const run = await scenario.look(["status", ...args]);
      expect([run.code, run.json.orphans], run.stderr).toEqual([0, []]);
      const entries = run.json.entries as Array<Record<string, string>>;
      expect(entries.map(({ namespace }) => namespace).sort(), args.join(" ")).toEqual(expected);
      for (const entry of entries) expect(entry).toMatchObject({ state: "ok", keyId });
    }
  });

  it("status tells what ends soon", async (test) => {
    const scenario = await open(test);
    await setUpNamespace(scenario, { ageDays: 151 });
    const soon = await scenario.look(["status"]);
    expect([soon.code, soon.json.entries]).toMatchObject([5, [{ state: "expiring" }]]);
  });

  it("status tells what a pending retirement waits for", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    const { keyId, old } = await scenario.changedOver([namespace]);
    const run = await scenario.look(["status"]);
    expect([run.code, run.json.entries], run.stderr).toMatchObject([0, [{ keyId, state: "pending" }]]);
    expect(JSON.stringify(run.json.pending)).toContain(old);
  });

  it("status tells what somebody changed by hand, and a secret that is being deleted", async (test) => {
    const scenario = await open(test);
    const [changed, held] = [await scenario.namespace(), await scenario.namespace()];
    await scenario.setUp([changed, held]);
    const auths = { [scenario.loginServer()]: { username: "u", password: "p", auth: "dTpw" } };
    await scenario.patch("Secret", changed, "acr-secret", encoded({ auths }));
    await scenario.patch("Secret", held, "acr-secret", { metadata: { finalizers: ["test.example/hold"] } });
    await scenario.delete("Secret", held, "acr-secret");
    const run = await scenario.look(["status"]);
    expect(run.code).toBe(5);
    const states = run.json.entries.map(({ namespace, state }: Record<string, string>) => [namespace, state]);
    expect(Object.fromEntries(states)).toEqual({ [changed]: "foreign-change", [held]: "foreign-change" });
    expect(JSON.stringify(run.json.entries)).toContain("test.example/hold");
  });

  it("status tells a key that nothing holds", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    const { clusterId } = await scenario.setUp([namespace]);
    const { passwords } = ownApplication(scenario.sandbox);
    const orphan = {
      ...passwords[0]!,
      keyId: "11111111-2222-4333-8444-555555555555",
      displayName: `acr-pull/${clusterId}/66666666-2222-4333-8444-555555555555`,
      hint: "zzz",
      secretText: "zzz~of-nobody-1234567890",
    };
    passwords.push(orphan);
    const told = await scenario.look(["status"]);
    expect([told.code, told.json.orphans], told.stderr).toMatchObject([5, [{ keyId: orphan.keyId }]]);
    passwords.pop();
  });

  it("status where nothing is set up, and after remove, is in order", async (test) => {
    const scenario = await open(test);
    const namespace = await setUpNamespace(scenario);
    expectDepartures(scenario.sandbox, [{ namespaces: [namespace] }]);
    const removed = await scenario.remove(["--force"]);
    expect(removed.code, removed.stderr).toBe(0);
    const run = await scenario.look(["status"]);
    expect([run.code, run.json.entries], run.stderr).toEqual([0, []]);
  });
});
