import { expect, it } from "vitest";
import { liveAssignments, livePasswords, type Run } from "../../program.ts";
import { prunes, expectDepartures, told } from "../removal.ts";
import { ownApplication } from "../rotation.ts";
import { TerminalRun } from "../../terminal.ts";
import { onEachCluster } from "./on-each-cluster.ts";
import type { Scenario } from "./scenario.ts";

function expectDone(run: Run): Run {
  expect(run.code, run.stderr + run.stdout).toBe(0);
  return run;
}

const ending = (run: Run) => [run.code, run.json.error?.code];

/**
 * Sets up namespaces with the program, and links their accounts `builder`. A label makes the API server record who
 * writes these accounts.
 */
async function setUpLinked(scenario: Scenario, ...namespaces: readonly string[]): Promise<void> {
  for (const namespace of namespaces) {
    await scenario.add("ServiceAccount", { name: "builder", namespace, labels: { team: "blue" } });
  }
  const args = namespaces.flatMap((namespace) => ["-n", namespace]);
  expectDone(await scenario.setup([...args, "--service-account", "builder"]));
  expectDepartures(scenario.sandbox, [{ namespaces }]);
}

/** Nothing that `setup` made in Azure is left. */
function expectNothingInAzure({ sandbox }: Scenario): void {
  expect([livePasswords(sandbox), liveAssignments(sandbox)]).toEqual([[], []]);
  expect(ownApplication(sandbox)).toMatchObject({ softDeleted: false, removedAt: expect.any(Number) });
}

/** What stands in the way of a removal, and how the run ends. */
const refusals: ReadonlyArray<{
  readonly what: string;
  readonly prepare: (scenario: Scenario, namespace: string) => unknown;
  readonly ends: readonly [exit: number, code: string];
}> = [
  {
    what: "a pod that names the secret",
    prepare: (scenario, namespace) => scenario.addWaitingPod(namespace),
    ends: [2, "remove.still-named"],
  },
  {
    what: "a service account that somebody else linked",
    prepare: (scenario, namespace) =>
      scenario.add(
        "ServiceAccount",
        { name: "theirs", namespace },
        { imagePullSecrets: [{ name: "acr-secret" }] },
      ),
    ends: [2, "remove.still-named"],
  },
  {
    what: "an application of another owner",
    prepare: ({ sandbox }) => ownApplication(sandbox).owners.splice(0),
    ends: [3, "directory.not-owner"],
  },
  {
    what: "another run at work",
    prepare: async (scenario, namespace) => {
      const marks = await scenario.marks(namespace);
      for (const mark of Object.values(marks)) {
        mark.pending = {
          operation: "11111111-2222-4333-8444-555555555555",
          holder: { host: "elsewhere", boot: "b", pid: 1 },
          renewedAt: new Date().toISOString(),
        };
      }
      await scenario.patch("Secret", namespace, "acr-secret", {
        metadata: { annotations: { "acr-pull/entries": JSON.stringify(marks) } },
      });
    },
    ends: [1, "busy"],
  },
];

onEachCluster((open) => {
  it("remove undoes setup: links, secrets, keys, role and application, in every namespace", async (test) => {
    const scenario = await open(test);
    const namespaces = [await scenario.namespace(), await scenario.namespace()];
    await setUpLinked(scenario, ...namespaces);
    expectDone(await scenario.remove());
    for (const namespace of namespaces) {
      expect(await scenario.secret(namespace)).toBeUndefined();
      expect(await scenario.links(namespace, "builder")).toEqual([]);
    }
    expectNothingInAzure(scenario);
    expect(told(expectDone(await scenario.remove()))).toEqual([]);
  });

  it("remove leaves another registry's entry in the secret, and the link", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    await setUpLinked(scenario, namespace);
    expectDone(await scenario.setup(["-n", namespace, "--registry", "abacregistry"]));
    const { uid } = (await scenario.secret(namespace)).metadata;
    expectDone(await scenario.remove());
    const hosts = [scenario.loginServer("abacregistry")];
    expect(Object.keys(await scenario.auths(namespace))).toEqual(hosts);
    expect(Object.keys(await scenario.marks(namespace))).toEqual(hosts);
    expect((await scenario.secret(namespace)).metadata.uid).toBe(uid);
    expect(await scenario.links(namespace, "builder")).toEqual(["acr-secret"]);
  });

  it("remove gives an adopted secret back as it was", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    const before = await scenario.addSecret({ name: "acr-secret", namespace, labels: { team: "blue" } });
    expectDone(await scenario.setup(["-n", namespace, "--adopt"]));
    expectDepartures(scenario.sandbox, [{ namespaces: [namespace] }]);
    expectDone(await scenario.remove());
    const { metadata, data } = await scenario.secret(namespace);
    const decoded = (text: string) => JSON.parse(Buffer.from(text, "base64").toString());
    expect([metadata.uid, metadata.labels, metadata.annotations ?? {}]).toEqual([
      before.metadata.uid,
      { team: "blue" },
      {},
    ]);
    expect(decoded(data[".dockerconfigjson"])).toEqual(decoded(before.data[".dockerconfigjson"]));
    expectNothingInAzure(scenario);
  });

  it("remove -n leaves the other namespaces and their key alone", async (test) => {
    const scenario = await open(test);
    const [first, second] = [await scenario.namespace(), await scenario.namespace()];
    await setUpLinked(scenario, first, second);
    const run = expectDone(await scenario.remove(["-n", first]));
    expect(await scenario.secret(first)).toBeUndefined();
    expect(await scenario.links(first, "builder")).toEqual([]);
    expect(Object.keys(await scenario.auths(second))).toEqual([scenario.loginServer()]);
    expect(told(run).some((one) => one.startsWith("key kept"))).toBe(true);
    expect(livePasswords(scenario.sandbox)).toHaveLength(1);
  });

  it("remove --force goes on where pods and accounts name the secret", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    await setUpLinked(scenario, namespace);
    await scenario.addWaitingPod(namespace);
    await scenario.add(
      "ServiceAccount",
      { name: "theirs", namespace },
      { imagePullSecrets: [{ name: "acr-secret" }] },
    );
    expectDone(await scenario.remove(["--force"]));
    expect(await scenario.secret(namespace)).toBeUndefined();
    expect(await scenario.links(namespace, "builder")).toEqual([]);
    expectNothingInAzure(scenario);
  });

  it("remove says of a secret that a finalizer holds that it stands, and goes on with what it needed", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    await scenario.setUp([namespace]);
    expectDepartures(scenario.sandbox, [{ namespaces: [namespace] }]);
    await scenario.patch("Secret", namespace, "acr-secret", {
      metadata: { finalizers: ["test.example/hold"] },
    });
    const run = expectDone(await scenario.remove());
    expect(run.stderr).toMatch(/held by the finalizer test\.example\/hold/);
    const secret = await scenario.secret(namespace);
    expect(secret.metadata.deletionTimestamp).toBeDefined();
    expect(JSON.stringify(secret)).not.toMatch(/acr-pull\/entries":|password/);
    expectNothingInAzure(scenario);
  });

  it("remove finishes what is left where somebody deleted the secret already", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    await setUpLinked(scenario, namespace);
    await scenario.delete("Secret", namespace, "acr-secret");
    const status = await scenario.look(["status"]);
    expect(status.json.brokenLinks).toMatchObject([
      { namespace, serviceAccount: "builder", secret: "acr-secret" },
    ]);
    expectDone(await scenario.remove(prunes(scenario.sandbox)));
    expect(await scenario.links(namespace, "builder")).toEqual([]);
    expectNothingInAzure(scenario);
  });

  it.for(refusals)("remove is refused for $what, and asks for no change", async ({ prepare, ends }, test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    await setUpLinked(scenario, namespace);
    await prepare(scenario, namespace);
    const args = ["remove", "--registry", "myregistry", "--settle", "0s", "--yes"];
    const { run, changes } = await scenario.watched(args);
    expect([...ending(run), changes], run.stderr).toEqual([...ends, []]);
  });

  it("remove at a terminal has asked for no change while the question stands, nor when something else is typed", async (test) => {
    const scenario = await open(test);
    const { sandbox, cluster } = scenario;
    const namespace = await scenario.namespace();
    await setUpLinked(scenario, namespace);
    const args = ["remove", "--registry", "myregistry", "--settle", "0s"];
    const azure = sandbox.requests.mutating().length;
    let terminal: TerminalRun | undefined;
    const changes = await cluster.changesDuring(async () => {
      terminal = await TerminalRun.start(sandbox, [...args, "--context", cluster.context], {
        rows: 60,
        env: { KUBECONFIG: cluster.kubeconfigPath, ACR_PULL_AUTH: "environment" },
      });
      await terminal.until("? To remove this, type the registry's name: ");
    });
    expect(changes).toEqual([]);
    const after = await cluster.changesDuring(async () => {
      await terminal!.press("something else", "enter").until("That is not myregistry");
      terminal!.press("ctrl-u", "enter");
      expect(await terminal!.exit(), terminal!.history).toBe(2);
    });
    expect([after, sandbox.requests.mutating().length - azure]).toEqual([[], 0]);
  });
});
