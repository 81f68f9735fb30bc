import pMap from "p-map";
import { ActionableError } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import { Once } from "../../domain/once.ts";
import { askAll, unknown, type CheckResult, type Known } from "../checks/check.ts";
import type { Finished } from "../ending.ts";
import type { Report } from "../progress.ts";
import { namedAs, nearRegistry } from "../cluster/registry-meant.ts";
import { requireClusters } from "../cluster/view.ts";
import { manyTargets } from "../cluster/read-targets.ts";
import { clusterChecks, podChecks, verifySecret, type SecretSight, type VerifiedSecret } from "./decide.ts";
import { choose, type ChosenCluster } from "./choose.ts";
import { AzureSight } from "./look-at-azure.ts";
import { entriesOf, isFor, azureRegistryTest, type IsRegistry, type Wanted } from "./entries.ts";
import { RegistrySight, seen } from "./look-at-registry.ts";
import { readsByList, seeNamespace, type SeenNamespace } from "./look-at-namespace.ts";
import { clusterFacts } from "./look-at-cluster.ts";
import { pulledByNodes, seeNodes } from "./look-at-nodes.ts";
import { seePod, type PodSight } from "./look-at-pod.ts";
import type { CheckedSubject, VerifyInput, VerifyResult, VerifyPorts } from "./contract.ts";

/** What is needed to look at the namespaces of one cluster. */
type ClusterSight = SecretSight & Pick<PodSight, "listNodes" | "nodesPull">;

/** What all clusters of a run share. */
interface Run {
  readonly input: VerifyInput;
  readonly ports: VerifyPorts;
  readonly azure: AzureSight;
  readonly registries: RegistrySight;
  /** Whether a host is one of the cloud's registries, to which a password may be sent. */
  readonly owns: Promise<IsRegistry>;
  readonly cloud: Promise<Known<unknown>>;
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
  requireClusters(ports.clusters);
  report({ kind: "started", id: "verify", text: "Looking at the secrets, the registry and Azure" });
  try {
    const { subscription, azurePatienceMs: patienceMs } = input;
    const scope = { subscription };
    const azure = new AzureSight(ports.azure(signal), { scope, patienceMs }, signal);
    const cloud = watched(azure.ownsLoginServer());
    const owns = watched(cloud.then((one): IsRegistry => (one.known ? one.value : () => false)));
    const wanted = watched(wantedRegistry(input, azure));
    const registries = new RegistrySight(ports.registry, signal);
    const run: Run = { input, ports, azure, registries, cloud, owns, wanted, signal };
    const subjects = await everyCluster(run);
    const inOrder = subjects.every(({ checks }) => checks.every(({ status }) => status !== "fail"));
    return {
      kind: "finished",
      result: { subjects },
      exitCode: inOrder ? exitCode.ok : exitCode.notInOrder,
    };
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
async function everyCluster(run: Run): Promise<CheckedSubject[]> {
  const { ports, input, signal } = run;
  const chosen = await choose(ports.clusters, input, signal);
  const looked = await Promise.all(
    chosen.clusters.map(async (one) => {
      try {
        return { subjects: await verifyCluster(one, run), error: undefined };
      } catch (error) {
        if (!(error instanceof ActionableError) || signal.aborted) throw error;
        return { subjects: [lost(one.target.cluster.context, error)], error };
      }
    }),
  );
  const all = [
    ...looked,
    ...chosen.lost.map(({ context, error }) => ({ subjects: [lost(context, error)], error })),
  ];
  const [first] = all;
  if (first?.error && all.every(({ error }) => error !== undefined)) throw first.error;
  return all.flatMap(({ subjects }) => subjects);
}

function lost(context: string, { message, hint, docs }: ActionableError): CheckedSubject {
  const check: CheckResult = { id: "cluster-reachable", status: "fail", message, hint, docs };
  return { subject: { context }, checks: [check] };
}

async function verifyCluster(
  { target: { cluster }, namespaces, said }: ChosenCluster,
  run: Run,
): Promise<CheckedSubject[]> {
  const { input, signal, registries, azure } = run;
  const early = watched(seeNodes(cluster.apiHost, run.wanted, azure));
  const isMeant = watched(meantSecrets(run));
  const isRegistry = watched(run.owns.then(azureRegistryTest));
  const once = new Once();
  const listNodes = () => once.do("nodes", cluster.context, () => seen(cluster.listNodes(signal), signal));
  const [spaces, nodes] = await Promise.all([
    namespaces().then(async (names) => {
      const reads = names.length < manyTargets ? cluster : await readsByList(cluster, signal);
      const wish = { secretName: input.secretName, pod: input.pod, isMeant, isRegistry };
      return await pMap(names, (chosen) => seeNamespace(reads, chosen, wish, signal), {
        concurrency: input.concurrency,
      });
    }),
    input.image ? listNodes() : unknown("No image was named, so there is none to compare the nodes with."),
  ]);
  const [owns, cloud, wanted, standing] = await Promise.all([run.owns, run.cloud, run.wanted, early]);
  const attached = pulledByNodes(standing);
  const sight: ClusterSight = {
    input,
    cluster,
    azure,
    registries,
    wanted,
    cloud,
    clock: run.ports.clock,
    nodes,
    listNodes,
    imageHosts: undefined,
    attached,
    nodesPull: new Set(attached.map(({ loginServer }) => loginServer)),
    isRegistry: azureRegistryTest(owns),
    maySend: owns,
    clusterId: () =>
      once.do("id", cluster.context, async () => {
        const uid = await seen(cluster.kubeSystemUid(signal), signal);
        return uid.known ? uid.value : undefined;
      }),
    everywhere: () =>
      once.do("secrets", cluster.context, async () => {
        // Other secrets like it are extra information, so a failure counts as none.
        const all = await seen(cluster.listPullSecrets(signal), signal);
        return all.known ? (all.value ?? []) : [];
      }),
  };
  const checked = await pMap(
    withoutMissingPod(spaces, input.pod),
    (space) => verifyNamespace(space, run, sight),
    {
      concurrency: input.concurrency,
    },
  );
  const entries = checked.flatMap(({ secrets }) => secrets.flatMap((secret) => secret.entries));
  const facts = await clusterFacts({ cluster, entries, nodes: standing }, run);
  const checks = askAll(clusterChecks, facts);
  return [
    ...(checks.length > 0 ? [{ subject: { context: cluster.context }, checks }] : []),
    ...said,
    ...checked.flatMap(({ secrets, pods }) => [...secrets.flatMap(({ subjects }) => subjects), ...pods]),
  ];
}

/** A pod that was asked for and is in one of the namespaces is not missing in the others. */
function withoutMissingPod(
  spaces: readonly SeenNamespace[],
  asked: string | undefined,
): readonly SeenNamespace[] {
  const isThere = ({ waiting }: SeenNamespace) =>
    waiting.some(({ name, pod }) => name === asked && pod.known && pod.value !== undefined);
  if (asked === undefined || !spaces.some(isThere)) return spaces;
  return spaces.map((space) =>
    isThere(space)
      ? space
      : { ...space, waiting: space.waiting.filter(({ name, pod }) => name !== asked || !pod.known) },
  );
}

async function verifyNamespace(
  space: SeenNamespace,
  { input, signal }: Run,
  sight: ClusterSight,
): Promise<{ readonly secrets: readonly VerifiedSecret[]; readonly pods: readonly CheckedSubject[] }> {
  const imageHosts = await hostsOfImage(space, input, sight);
  const secrets = await Promise.all(
    space.secrets.map((secret) => verifySecret(secret, space, { ...sight, imageHosts }, signal)),
  );
  const outcomes = new Map(secrets.map(({ outcome }) => [outcome.name, outcome]));
  const { context, namespace } = space;
  const pods = await Promise.all(
    space.waiting.map(async (waiting) => {
      const facts = await seePod(
        waiting,
        space,
        { ...sight, secrets: outcomes, suggest: input.suggest },
        signal,
      );
      return { subject: { context, namespace, pod: waiting.name }, checks: askAll(podChecks, facts) };
    }),
  );
  if (space.pods.known) return { secrets, pods };
  const { why, hint } = space.pods;
  const unseen: CheckResult = { id: "pod", status: "skip", message: why, hint };
  return { secrets, pods: [...pods, { subject: { context, namespace }, checks: [unseen] }] };
}

/**
 * The registries that should have the image, if the secrets of a namespace are for several and nobody said which:
 * those that serve it. If none does, each may be to blame, so all of them count.
 */
async function hostsOfImage(
  { secrets }: SeenNamespace,
  { image }: VerifyInput,
  { registries, isRegistry, wanted, maySend }: SecretSight,
): Promise<ReadonlySet<string> | undefined> {
  if (!image || wanted) return undefined;
  const entries = secrets.flatMap(({ secret }) => entriesOf(secret, { isRegistry, wanted, image }));
  if (new Set(entries.map(({ host }) => host)).size < 2) return undefined;
  const giving = await Promise.all(
    entries
      .filter(({ host }) => maySend(host))
      .map(async ({ host, credential }) => {
        const tried = await registries.pull(host, credential, image);
        return tried.kind === "answered" && tried.outcome.kind === "allowed" ? [host] : [];
      }),
  );
  const hosts = new Set(giving.flat());
  return hosts.size > 0 ? hosts : undefined;
}

/** Whether a secret has an entry for a registry that is meant. */
async function meantSecrets({ owns, wanted }: Run): Promise<(secret: PullSecret) => boolean> {
  const wish = { isRegistry: azureRegistryTest(await owns), wanted: await wanted };
  return (secret) => isFor(secret, wish);
}

/** The registry that was asked for, with its login server if that is known without Azure or Azure says it. */
async function wantedRegistry({ registry }: VerifyInput, azure: AzureSight): Promise<Wanted | undefined> {
  if (!registry) return undefined;
  const text = namedAs(registry);
  switch (registry.kind) {
    case "login-server":
      return {
        reference: registry,
        text,
        loginServer: registry.loginServer.toLowerCase(),
        isMissing: false,
      };
    case "resource-id": {
      const found = await azure.registryById(registry.id);
      return {
        reference: registry,
        text,
        loginServer: found.known ? found.value?.loginServer : undefined,
        isMissing: found.known && found.value === undefined,
      };
    }
    case "name": {
      const all = await azure.registries();
      const named = (all.known ? all.value : []).filter(
        ({ name }) => name.toLowerCase() === registry.name.toLowerCase(),
      );
      const [only, ...more] = named;
      return {
        reference: registry,
        text,
        loginServer: more.length === 0 ? only?.loginServer : undefined,
        isMissing: only === undefined && (await azure.noRegistry()).known,
        meant: only ? undefined : nearRegistry(registry, all.known ? all.value : []),
      };
    }
    default:
      return registry satisfies never;
  }
}
