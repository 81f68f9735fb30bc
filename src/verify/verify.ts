import pMap from "p-map";
import type { Finished } from "../core/ending.ts";
import type { ClusterTarget } from "../core/ports.ts";
import type { Report } from "../core/progress.ts";
import { ActionableError, refused } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import { usualSecretName } from "../domain/names.ts";
import { namedAs } from "../domain/registry-reference.ts";
import { AzureSight } from "./azure-sight.ts";
import { askAll, fail, resultOf, skip } from "./check.ts";
import { clusterChecks } from "./checks/cluster.ts";
import { podChecks } from "./checks/pod.ts";
import { ClusterSight } from "./cluster-sight.ts";
import type { CheckedTarget, VerifyInput, VerifyPorts, VerifyResult } from "./contract.ts";
import { azureRegistryTest, type IsRegistry, type Wanted } from "./entries.ts";
import { unknown, valueOf, type Known } from "./known.ts";
import {
  chooseSecrets,
  isFor,
  isMalformed,
  readNamespace,
  type ChosenNamespace,
  type SeenNamespace,
} from "./look-at-namespace.ts";
import { pulledByNodes, seeNodes } from "./look-at-nodes.ts";
import { seePod } from "./look-at-pod.ts";
import { verifySecret } from "./look-at-secret.ts";
import { registryIn } from "./remedies.ts";
import { RegistrySight } from "./registry-sight.ts";
import type { ClusterRun } from "./run.ts";

/** The most namespaces that are looked at at once. */
const concurrency = 10;

/** What all clusters of a run share. What Azure says arrives while clusters are read. */
interface Run extends Pick<ClusterRun, "input" | "azure" | "registries" | "clock"> {
  readonly cloud: Promise<Known<IsRegistry>>;
  readonly wanted: Promise<Wanted | undefined>;
  readonly signal: AbortSignal;
}

/**
 * Says whether the chosen secrets pull, and if not, why. Only reads. What cannot be found out, for lack of a right or
 * of a sign-in to Azure, is skipped, and the result says so.
 * @throws ActionableError if none of the chosen clusters can be looked at
 */
export async function verify(
  input: VerifyInput,
  ports: VerifyPorts,
  { report }: { readonly report: Report },
  signal: AbortSignal,
): Promise<Finished<VerifyResult>> {
  report({ kind: "started", id: "verify", text: "Looking at the secrets, the registry and Azure" });
  try {
    const { registry, subscription, azurePatienceMs: patienceMs } = input;
    const azure = new AzureSight(ports.azure(signal), { scope: { subscription }, patienceMs }, signal);
    const run: Run = {
      input,
      azure,
      registries: new RegistrySight(ports.registry, signal),
      clock: ports.clock,
      cloud: watched(azure.ownsLoginServer()),
      wanted: watched(registry ? azure.wanted(registry) : Promise.resolve(undefined)),
      signal,
    };
    const targets = await verifyClusters(ports.clusters, run);
    const inOrder = targets.every(({ checks }) => checks.every(({ status }) => status !== "fail"));
    const code = inOrder ? exitCode.ok : exitCode.notInOrder;
    return { kind: "finished", result: { targets }, exitCode: code };
  } finally {
    report({ kind: "ended", id: "verify" });
  }
}

/** Lets a promise fail before anybody awaits it. If the run is stopped, the run itself fails. */
function watched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** Trouble with one cluster does not affect the others. If all are in trouble, the first error is thrown. */
async function verifyClusters(clusters: readonly ClusterTarget[], run: Run): Promise<CheckedTarget[]> {
  const looked = await Promise.all(
    clusters.map(async (one) => {
      try {
        return { targets: await verifyCluster(one, run) };
      } catch (error) {
        if (!(error instanceof ActionableError) || run.signal.aborted) throw error;
        const { context } = one.cluster;
        const check = resultOf("cluster-reachable", fail(error.message, error.hint));
        return { error, targets: [{ target: { context }, checks: [check] }] };
      }
    }),
  );
  const [first] = looked;
  if (first?.error && looked.every(({ error }) => error !== undefined)) throw first.error;
  return looked.flatMap(({ targets }) => targets);
}

async function verifyCluster(
  { cluster: reads, defaultNamespace }: ClusterTarget,
  run: Run,
): Promise<CheckedTarget[]> {
  const { input, azure, signal } = run;
  const { context } = reads;
  const cluster = new ClusterSight(reads, signal);
  const early = watched(seeNodes(cluster.apiHost, run.wanted, azure));
  const nodes = input.image
    ? watched(cluster.nodes())
    : unknown("No image was named, so there is none to compare the nodes with.");
  const chosen = input.allNamespaces
    ? await namespacesWithSecrets(cluster, run)
    : await namespacesNamed({ cluster: reads, defaultNamespace }, input, signal);
  if (chosen.length === 0) return [nothingIn(context, input)];
  const contents = await pMap(
    chosen,
    async (one) => ({ one, content: await readNamespace(cluster, one, input) }),
    { concurrency },
  );
  const [cloud, wanted, standing] = await Promise.all([run.cloud, run.wanted, early]);
  const maySend = valueOf(cloud) ?? (() => false);
  const sight: ClusterRun = {
    ...run,
    cluster,
    cloud,
    wanted,
    maySend,
    isRegistry: azureRegistryTest(maySend),
    attached: pulledByNodes(standing),
    nodes: await nodes,
  };
  const checked = await pMap(
    contents,
    async ({ one, content }) =>
      verifyNamespace(await chooseSecrets(cluster, one, content, input, sight), sight),
    { concurrency },
  );
  const { apiHost } = cluster;
  const facts = { context, apiHost, nodes: standing, wanted, suggest: input.suggest };
  const checks = askAll(clusterChecks, facts);
  return [...(checks.length > 0 ? [{ target: { context }, checks }] : []), ...checked.flat()];
}

/** What is said of a cluster without any pull secret, after all namespaces were asked for. */
function nothingIn(context: string, { registry, secretName, suggest }: VerifyInput): CheckedTarget {
  const which = secretName === undefined ? "pull secret" : `pull secret ${secretName}`;
  const text = registry && namedAs(registry);
  const named = registryIn(text === undefined ? [] : [text]);
  const setup = suggest("setup", [
    ["--registry", named.registry],
    ["--context", context],
  ]);
  const verdict = fail(
    `No ${which} in context ${context} has an entry for ${text ?? "an Azure container registry"}.`,
    `Give a namespace one${named.where}: ${setup}`,
  );
  return { target: { context }, checks: [resultOf("secret-present", verdict)] };
}

/**
 * The namespaces that were named or have the labels, or else the context's own.
 * @throws ActionableError `namespace.none-selected`, exit 2
 */
async function namespacesNamed(
  { cluster, defaultNamespace }: ClusterTarget,
  { namespaces, namespaceSelector, suggest }: VerifyInput,
  signal: AbortSignal,
): Promise<ChosenNamespace[]> {
  const named = new Set(namespaces);
  if (namespaceSelector === undefined) {
    const names = named.size > 0 ? [...named] : [defaultNamespace];
    return names.map((name) => ({ name, isNamed: true }));
  }
  const selected = await cluster.listNamespaces(namespaceSelector, signal);
  const names = new Set([...named, ...selected.map(({ name }) => name)]);
  if (names.size === 0) {
    throw refused(
      "namespace.none-selected",
      `No namespace in context ${cluster.context} carries the labels ${namespaceSelector}.`,
      `Check --namespace-selector: ${suggest.kubectl(cluster.context, "get", "namespaces", "--show-labels")}`,
    );
  }
  return [...names].map((name) => ({ name, isNamed: named.has(name) }));
}

/**
 * The namespaces with a pull secret that is meant, or with one of the usual name that the kubelet cannot read.
 * @throws ActionableError `kubernetes.forbidden`, exit 3, if the secrets of all namespaces may not be listed
 */
async function namespacesWithSecrets(cluster: ClusterSight, run: Run): Promise<ChosenNamespace[]> {
  const [all, cloud, wanted] = await Promise.all([cluster.everySecret(), run.cloud, run.wanted]);
  const secrets = valueOf(all);
  if (!secrets) {
    throw new ActionableError(
      `The secrets of all namespaces in context ${cluster.context} may not be listed.`,
      {
        code: "kubernetes.forbidden",
        hint: "Name the namespaces with -n or --namespace-selector.",
        exitCode: exitCode.notAllowed,
      },
    );
  }
  const wish = { isRegistry: azureRegistryTest(valueOf(cloud) ?? (() => false)), wanted };
  const usual = run.input.secretName ?? usualSecretName;
  const meant = secrets
    .filter(({ name }) => (run.input.secretName ?? name) === name)
    .filter((one) => isFor(one, wish) || (one.name === usual && isMalformed(one)));
  return [...new Set(meant.map(({ namespace }) => namespace))].map((name) => ({ name, isNamed: false }));
}

/** Its secrets and their entries, then its pods. */
async function verifyNamespace(space: SeenNamespace, run: ClusterRun): Promise<CheckedTarget[]> {
  const secrets = await Promise.all(space.secrets.map((secret) => verifySecret(secret, space, run)));
  const outcomes = new Map(secrets.map(({ outcome }) => [outcome.name, outcome]));
  const { context, namespace, pods: listed } = space;
  const pods = space.waiting.map(async (waiting) => {
    const facts = await seePod(waiting, space, outcomes, run);
    return { target: { context, namespace, pod: waiting.name }, checks: askAll(podChecks, facts) };
  });
  const checked = [...secrets.flatMap(({ targets }) => targets), ...(await Promise.all(pods))];
  if (listed.known) return checked;
  const unseen = resultOf("pod", skip(listed.why, listed.fix));
  return [...checked, { target: { context, namespace }, checks: [unseen] }];
}
