import { describe, expect, it, type TestContext } from "vitest";
import { runSafely } from "../canary.ts";
import { marksOf, secretOf, setup, type Run } from "../program.ts";
import { TerminalRun } from "../terminal.ts";
import { asksForChange, type AuditEvent } from "./audit-log.ts";
import { ownApplication } from "./rotation.ts";
import { isReal, watchedCluster, type WatchedCluster } from "./watched-cluster.ts";

/*
 * Whatever is not agreed to yet asks neither the API server nor Azure for a change: judged by what they were sent, not
 * by what the program says of it.
 */

/** A cluster that was set up, with a linked service account, its changes forgotten. */
async function setUpCluster(test: Pick<TestContext, "onTestFinished">): Promise<WatchedCluster> {
  const cluster = await watchedCluster(test);
  const { namespace, sandbox, env } = cluster;
  await cluster.add({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "builder", namespace } });
  const run = await setup(sandbox, ["-n", namespace, "--service-account", "builder"], { env });
  expect(run.code, run.stderr).toBe(0);
  cluster.forget();
  return cluster;
}

const remove = ["remove", "--registry", "myregistry", "--settle", "0s"];

function run({ sandbox, env }: WatchedCluster, ...args: string[]): Promise<Run> {
  return runSafely(sandbox, [...args, "-o", "json"], { env });
}

describe.concurrent("nothing is asked to change by", () => {
  it.for([
    [["setup", "--registry", "myregistry", "--expires-in", "90d"]],
    [["setup", "--registry", "abacregistry", "--service-account", "builder"]],
    [["rotate"]],
    [["rotate", "--compromised"]],
    [remove],
    [[...remove, "--force", "--keep-principal"]],
  ])("%s with --dry-run", async ([command], test) => {
    const cluster = await setUpCluster(test);
    const plan = await run(cluster, ...(command ?? []), "-n", cluster.namespace, "--dry-run");
    expect([plan.code, cluster.changes()], plan.stderr).toEqual([0, []]);
    expect(plan.json.plan).not.toEqual([]);
  });

  it("status, and status --prune with --dry-run", async (test) => {
    const cluster = await setUpCluster(test);
    const { sandbox } = cluster;
    const { passwords } = ownApplication(sandbox);
    const [key] = passwords;
    const orphan = {
      ...key!,
      keyId: "11111111-2222-4333-8444-555555555555",
      hint: "zzz",
      secretText: "zzz~",
    };
    passwords.push(orphan);
    const told = await run(cluster, "status");
    const plan = await run(cluster, "status", "--prune", orphan.keyId, "--dry-run");
    passwords.splice(passwords.indexOf(orphan), 1);
    expect([told.code, plan.code, cluster.changes()], plan.stderr).toEqual([5, 0, []]);
  });

  it("verify", async (test) => {
    const cluster = await setUpCluster(test);
    const told = await run(cluster, "verify", "-n", cluster.namespace);
    expect([told.code, cluster.changes()], told.stderr).toEqual([0, []]);
  });
});

/** What stands in remove's way, and how it ends. */
interface Refusal {
  readonly what: string;
  readonly prepare: (cluster: WatchedCluster) => void | Promise<void>;
  readonly ends: readonly [exit: number, code: string];
  /** Arranged in a way that only the sandbox can. */
  readonly inSandbox?: true;
}

function forbid({ sandbox }: WatchedCluster, verb: string, resource: string): void {
  const [user] = sandbox.world.clusters[0]!.users;
  const resources = ["namespaces", "secrets", "serviceaccounts", "pods"];
  const verbs = ["get", "list", "create", "patch", "delete"];
  user!.rules = [
    { verbs, resources: resources.filter((one) => one !== resource) },
    { verbs: verbs.filter((one) => one !== verb), resources: [resource] },
  ];
}

const forbidden = (verb: string, resource: string): Refusal => ({
  what: `a missing right to ${verb} ${resource}`,
  prepare: (cluster) => forbid(cluster, verb, resource),
  ends: [3, "kubernetes.forbidden"],
  inSandbox: true,
});

const refusals: readonly Refusal[] = [
  {
    what: "a pod that names the secret",
    prepare: ({ add, namespace }) =>
      add({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "app", namespace },
        spec: {
          containers: [{ name: "main", image: "nginx" }],
          imagePullSecrets: [{ name: "acr-secret" }],
        },
      }),
    ends: [2, "remove.still-named"],
  },
  {
    what: "a service account that somebody else linked",
    prepare: ({ add, namespace }) =>
      add({
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: {
          name: "theirs",
          namespace,
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
        imagePullSecrets: [{ name: "acr-secret" }],
      }),
    ends: [2, "remove.still-named"],
  },
  {
    what: "an application of another owner",
    prepare: ({ sandbox }) => void ownApplication(sandbox).owners.splice(0),
    ends: [3, "directory.not-owner"],
  },
  {
    what: "a cluster that is not known for certain",
    prepare: (cluster) => {
      const [user] = cluster.sandbox.world.clusters[0]!.users;
      user!.rules = [{ verbs: ["*"], resources: ["secrets", "serviceaccounts", "pods"] }];
    },
    ends: [2, "remove.cluster-not-known"],
    inSandbox: true,
  },
  {
    what: "another run at work",
    prepare: ({ sandbox, namespace }) => {
      const marks = marksOf(sandbox, namespace);
      for (const mark of Object.values(marks)) {
        mark.pending = {
          operation: "11111111-2222-4333-8444-555555555555",
          holder: { host: "elsewhere", boot: "b", pid: 1 },
          renewedAt: new Date().toISOString(),
        };
      }
      secretOf(sandbox, namespace)!.metadata.annotations!["acr-pull/entries"] = JSON.stringify(marks);
    },
    ends: [1, "busy"],
    inSandbox: true,
  },
  forbidden("delete", "secrets"),
  forbidden("patch", "secrets"),
  forbidden("list", "pods"),
  forbidden("get", "serviceaccounts"),
  forbidden("patch", "serviceaccounts"),
];

describe.concurrent("remove --yes has asked for no change when it is refused for", () => {
  it.for(refusals.filter(({ inSandbox }) => !isReal || !inSandbox))("$what", async (refusal, test) => {
    const cluster = await setUpCluster(test);
    await refusal.prepare(cluster);
    const refused = await run(cluster, ...remove, "--yes", "--wait-busy", "0s");
    expect([refused.code, refused.json.error?.code, cluster.changes()], refused.stderr).toEqual([
      ...refusal.ends,
      [],
    ]);
  });
});

describe("remove at a terminal", () => {
  it("has asked for no change while the question stands, nor when something else is typed", async (test) => {
    const cluster = await setUpCluster(test);
    const { sandbox, env } = cluster;
    const terminal = await TerminalRun.start(
      sandbox,
      [...remove, ...(isReal ? [] : ["--context", "sandbox"])],
      {
        rows: 60,
        env: { ...env, ACR_PULL_AUTH: "environment" },
      },
    );
    await terminal.until("? To remove this, type the registry's name: ");
    expect(cluster.changes()).toEqual([]);
    await terminal.press("something else", "enter").until("That is not myregistry");
    terminal.press("ctrl-u", "enter");
    expect([await terminal.exit(), cluster.changes()], terminal.history).toEqual([2, []]);
  });
});

describe("by an API server's audit log", () => {
  const secret = "/api/v1/namespaces/apps/secrets/s";
  it.each<[string, string, string, AuditEvent["requestObject"], boolean]>([
    ["a read", "get", secret, undefined, false],
    ["a change", "patch", secret, {}, true],
    ["its rehearsal", "patch", `${secret}?dryRun=All&fieldManager=acr-pull`, {}, false],
    ["a deletion", "delete", secret, undefined, true],
    ["one that is a dry run by its query", "delete", `${secret}?dryRun=All`, undefined, false],
    ["one with a body, which its query cannot make a dry run", "delete", `${secret}?dryRun=All`, {}, true],
    ["one that is a dry run by its body", "delete", secret, { dryRun: ["All"] }, false],
    [
      "a question about rights",
      "create",
      "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
      {},
      false,
    ],
  ])("%s is told from what changes nothing", (_what, verb, requestURI, requestObject, changes) => {
    const event = { stage: "ResponseComplete", verb, requestURI, requestObject };
    expect(asksForChange(event)).toBe(changes);
  });
});
