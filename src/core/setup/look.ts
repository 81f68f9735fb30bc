import { ActionableError, hasCode } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import type { Caller } from "../../domain/identity.ts";
import { applicationUniqueName } from "../../domain/ownership.ts";
import type { Registry } from "../../domain/registry.ts";
import { watchManagedClusters, type ManagedContext } from "../attach/managed-cluster-of.ts";
import type { ReadTarget } from "../cluster/read-targets.ts";
import type { Manifest } from "../ports.ts";
import type { Report } from "../progress.ts";
import { proofImage, type ProofContext } from "../proof/prove-pull.ts";
import { judgeTarget, refuseDeleting, type TargetPolicy } from "../turn/pull-secret.ts";
import type { SetupInput, SetupPorts } from "./contract.ts";
import { Exclusions } from "./exclusions.ts";
import { findRegistry } from "./find-registry.ts";
import { FirstLooks } from "./first-looks.ts";
import type { Job, JudgedTarget, LeftOutTarget } from "./job.ts";
import { hasNoEntries, lookAtClusters, type TargetsView } from "./look-at-clusters.ts";
import { lookAtJob } from "./decide.ts";

/** What was found, and what follows from it. */
export interface Look {
  readonly registry: Registry | undefined;
  readonly loginServer: string;
  /** Why subscriptions could not be searched for the registry, one error for each. */
  readonly unseen: readonly ActionableError[];
  readonly caller: Caller | undefined;
  readonly proof: ProofContext;
  readonly jobs: readonly Job[];
  readonly leftOut: readonly LeftOutTarget[];
  /** Where the secrets are written instead of to the cluster. */
  readonly manifest: Manifest | undefined;
  /** Contexts that lead to AKS, as far as that is known once everything else was looked at. */
  readonly managed: readonly ManagedContext[];
}

/** What a look needs. */
export interface LookPorts extends SetupPorts {
  /** Ids of applications that this run made earlier, before it made way for another one. */
  readonly made?: ReadonlySet<string>;
}

/**
 * Looks at everything that setup touches, and writes nothing.
 * @throws ActionableError with exit 2 for input that can never work in some target; with exit 3 if a right is missing
 *   or no target is left
 */
export async function lookAtAll(
  input: SetupInput,
  { made, ...ports }: LookPorts,
  report: Report,
  signal: AbortSignal,
): Promise<Look> {
  const { azure, clusters } = ports;
  const ahead = azure && new FirstLooks(azure.directory, ports.pullProof);
  const managed = azure && watchManagedClusters(clusters, azure.managedClusters, signal);
  try {
    const found = await look(input, { ...ports, made: made ?? new Set(), ahead }, report, signal);
    return { ...found, managed: managed?.soFar() ?? [] };
  } finally {
    ahead?.close();
    managed?.close();
  }
}

async function look(
  input: SetupInput,
  {
    made,
    ahead,
    ...ports
  }: SetupPorts & Required<Pick<LookPorts, "made">> & { readonly ahead: FirstLooks | undefined },
  report: Report,
  signal: AbortSignal,
): Promise<Omit<Look, "managed">> {
  const [{ registry, loginServer, unseen }, clusters, caller] = await Promise.all([
    findRegistry(input, ports, signal),
    lookAtClusters(input, ports.clusters, signal).then((view) => {
      const likely = ports.azure?.registries.likelyLoginServer(input.registry);
      if (ahead && likely !== undefined) beginLooks(ahead, view, { ...input, loginServer: likely }, signal);
      return view;
    }),
    ports.azure?.directory.caller(signal),
  ]);
  const proof: ProofContext = {
    pullProof: ports.pullProof,
    signIn: ports.azure?.signIn,
    clock: ports.clock,
    report,
    kind: input.proof,
    loginServer,
    image: proofImage({ image: input.image, repositories: input.repositories ?? [] }),
    timeoutMs: input.timeoutMs,
  };
  const policy: TargetPolicy = { loginServer, adopt: input.adopt, createNamespace: input.createNamespace };
  const exclusions = new Exclusions();
  const judged = clusters.map((cluster) => ({
    cluster,
    states: judge(cluster.targets, policy, exclusions, signal),
  }));
  await exclusions.nameNamespaces(signal);
  exclusions.refuse();
  exclusions.requireTargets(judged.flatMap(({ states }) => states).length);
  const azure = ports.azure && ahead && { ...ports.azure, directory: ahead.directory };
  const common = { input, ports: { ...ports, azure }, proof, registry, caller, policy, exclusions, made };
  const [jobs] = await Promise.all([
    Promise.all(
      judged.filter(({ states }) => states.length > 0).map((one) => lookAtJob({ ...common, ...one }, signal)),
    ),
    input.proof === "registry"
      ? (ahead ?? ports.pullProof).checkReachable(loginServer, signal).catch((error: unknown) => {
          throw registry?.isPrivate && hasCode(error, "registry.firewall")
            ? privateRegistry(registry, error)
            : error;
        })
      : undefined,
  ]);
  exclusions.refuse();
  const jobsWithTargets = jobs.filter(({ targets }) => targets.length > 0);
  exclusions.requireTargets(jobsWithTargets.length);
  const { leftOut } = exclusions;
  const { manifest } = ports;
  return { registry, loginServer, unseen, caller, proof, jobs: jobsWithTargets, leftOut, manifest };
}

/** The error if this machine is outside the network of a registry: no rule could let it in. */
function privateRegistry({ loginServer }: Registry, { status, requestId }: ActionableError): ActionableError {
  return new ActionableError(
    `Public access to registry ${loginServer} is off, and this machine is not in a network that reaches it.`,
    {
      code: "registry.firewall",
      hint: "Run this in a network with one of its private endpoints, or with --proof entra, which proves the credential without the registry. The cluster's nodes must be in such a network too.",
      docs: "https://learn.microsoft.com/azure/container-registry/container-registry-private-endpoints",
      exitCode: exitCode.usage,
      status,
      requestId,
    },
  );
}

/**
 * Begins the looks that need the registry's login server, while the registry itself is still being looked up. Usually
 * the registry's name already shows the login server. The looks are whether it can be reached, and the search for the
 * clusters' own applications, whose names are derived from it.
 */
function beginLooks(
  ahead: FirstLooks,
  clusters: readonly TargetsView[],
  {
    loginServer,
    servicePrincipal,
    proof,
  }: Pick<SetupInput, "servicePrincipal" | "proof"> & { readonly loginServer: string },
  signal: AbortSignal,
): void {
  if (proof === "registry") ahead.beginReachable(loginServer, signal);
  if (servicePrincipal !== undefined) return;
  for (const { clusterId, targets } of clusters) {
    if (clusterId === undefined) continue;
    ahead.beginApplication(applicationUniqueName(loginServer, clusterId), targets.some(hasNoEntries), signal);
  }
}

function judge(
  targets: readonly ReadTarget[],
  policy: TargetPolicy,
  exclusions: Exclusions,
  signal: AbortSignal,
): JudgedTarget[] {
  return targets.flatMap(({ target, content }) => {
    try {
      if (content instanceof ActionableError) throw content;
      // A secret that is being deleted takes everything in it along, no matter whose that is.
      if (content.secret) refuseDeleting(target, content.secret);
      return [{ target, state: judgeTarget(target, content, policy) }];
    } catch (error) {
      exclusions.exclude(target, error, signal);
      return [];
    }
  });
}
