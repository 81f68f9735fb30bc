import { hasCode, type ActionableError } from "../../domain/errors.ts";
import { isManaged } from "../../domain/ownership.ts";
import { troubleOf, type PullSecret } from "../../domain/pull-secret.ts";
import type { CheckResult } from "../checks/check.ts";
import { registryIn } from "../checks/remedies.ts";
import { chosenNamespaces } from "../cluster/namespaces.ts";
import { isMeant, namedAs } from "../cluster/registry-meant.ts";
import { viewManaged, type ClusterView, type UnseenPlace } from "../cluster/view.ts";
import type { ClusterTarget } from "../ports.ts";
import type { CheckedSubject, VerifyInput } from "./contract.ts";
import type { ChosenNamespace } from "./look-at-namespace.ts";

/** A cluster to look at. */
export interface ChosenCluster {
  readonly target: ClusterTarget;
  readonly namespaces: () => Promise<readonly ChosenNamespace[]>;
  /** What is already known to report about it. */
  readonly said: readonly CheckedSubject[];
}

/** The clusters to look at, and those that could not be looked at. */
interface Chosen {
  readonly clusters: readonly ChosenCluster[];
  readonly lost: ReadonlyArray<{ readonly context: string; readonly error: ActionableError }>;
}

/** Chooses the clusters to look at and, in each, the namespaces. */
export async function choose(
  clusters: readonly ClusterTarget[],
  input: VerifyInput,
  signal: AbortSignal,
): Promise<Chosen> {
  const named = (target: ClusterTarget): ChosenCluster => ({
    target,
    namespaces: () => namedIn(target, input, signal),
    said: [],
  });
  if (!input.allNamespaces) return { clusters: clusters.map(named), lost: [] };
  const { secretName, concurrency } = input;
  const everywhere = { namespaces: [], namespaceSelector: undefined, clusterId: undefined };
  const views = await viewManaged({ ...everywhere, secretName, concurrency }, clusters, signal);
  // If two contexts lead to one cluster, it appears once, through the context that may see more.
  const seen = views.seen.flatMap((view) => {
    const target = clusters.find(({ cluster }) => cluster === view.cluster);
    return target ? [{ target, view, namespaces: withEntries(view, input) }] : [];
  });
  const isEmpty = seen.every(({ namespaces }) => namespaces.length === 0);
  return {
    clusters: seen.map(({ target, view, namespaces }) => ({
      target,
      namespaces: () => Promise.resolve(namespaces),
      said: [
        ...(namespaces.length === 0 ? [nothingIn(target, input, isEmpty)] : []),
        ...view.missed.map((gap) => unread(gap, view)),
      ],
    })),
    lost: views.unseen.flatMap(({ context, namespace, error }) =>
      namespace === undefined ? [{ context, error }] : [],
    ),
  };
}

async function namedIn(
  { cluster, defaultNamespace }: ClusterTarget,
  input: VerifyInput,
  signal: AbortSignal,
): Promise<readonly ChosenNamespace[]> {
  const showLabels = input.suggest.kubectl(cluster.context, "get", "namespaces", "--show-labels");
  const chosen = await chosenNamespaces(input, cluster, signal, showLabels);
  if (!chosen) return [{ name: defaultNamespace, isNamed: true, secrets: [] }];
  return chosen.names.map((name) => ({ name, isNamed: input.namespaces.includes(name), secrets: [] }));
}

/** The namespaces with an entry of ours, as status lists them. */
function withEntries(
  { secrets }: ClusterView,
  wish: Pick<VerifyInput, "registry" | "secretName">,
): ChosenNamespace[] {
  const names = new Map<string, string[]>();
  for (const secret of secrets.filter((one) => isWished(one, wish))) {
    const known = names.get(secret.namespace);
    if (known) known.push(secret.name);
    else names.set(secret.namespace, [secret.name]);
  }
  return [...names].map(([name, some]) => ({ name, isNamed: false, secrets: some }));
}

function isWished(
  secret: PullSecret,
  { registry, secretName }: Pick<VerifyInput, "registry" | "secretName">,
): boolean {
  if (!isManaged(secret) || (secretName ?? secret.name) !== secret.name) return false;
  if (registry === undefined || troubleOf(secret, "marks-malformed")) return true;
  return Object.entries(secret.marks).some(([host, mark]) => isMeant(registry, host, mark.registry));
}

/** A cluster without an entry of ours fails only if no other has one either: it may not need to pull at all. */
function nothingIn(
  { cluster: { context } }: ClusterTarget,
  input: VerifyInput,
  isAll: boolean,
): CheckedSubject {
  const { registry, secretName, suggest } = input;
  const which = secretName === undefined ? "secret" : `secret ${secretName}`;
  const what = registry === undefined ? "that acr-pull manages" : `for ${namedAs(registry)}`;
  const message = `No ${which} in context ${context} has an entry ${what}.`;
  const named = registryIn(registry === undefined ? [] : [namedAs(registry)]);
  const hint = `Give a namespace one${named.where}: ${suggest("setup", [
    ["--registry", named.registry],
    ["--context", context],
  ])}`;
  const check: CheckResult = { id: "secret-present", status: isAll ? "fail" : "skip", message, hint };
  return { subject: { context }, checks: [check] };
}

/** Others may keep their namespaces to themselves, so a forbidden one is skipped, unless none at all could be read. */
function unread({ context, namespace = "", error }: UnseenPlace, view: ClusterView): CheckedSubject {
  const isOthers = hasCode(error, "kubernetes.forbidden") && view.missed.length < view.oneByOne.length;
  const { message, hint, docs } = error;
  const status = isOthers ? "skip" : "fail";
  return {
    subject: { context, namespace },
    checks: [{ id: "secret-readable", status, message, hint, docs }],
  };
}
