import type { Finished } from "../ending.ts";
import { ActionableError, hasCode } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { withoutRemovedKeys } from "../identity/find-application.ts";
import { findLeftLinks, type LeftLink } from "../cluster/left-links.ts";
import {
  requireClusters,
  namespacesRead,
  viewManaged,
  type ClusterView,
  type UnseenPlace,
} from "../cluster/view.ts";
import type { Directory } from "../ports.ts";
import { asForeseen } from "../identity/application.ts";
import { ifToBeHad } from "../cluster/failure-of-one.ts";
import { applicationWarnings } from "./application-warnings.ts";
import { askDirectory, hasApplications, type DirectoryFacts } from "./ask-directory.ts";
import {
  cannotSearch,
  findOrphans,
  isTold,
  loginServersOf,
  loginServerUnknown,
  orphansUnknownOf,
} from "./find-orphans.ts";
import { findPending } from "./find-pending.ts";
import { judgeEntries } from "./judge-entries.ts";
import { findPrunable, prunePlan } from "./prune-key.ts";
import { secretWarnings } from "./secret-warnings.ts";
import type {
  BrokenLink,
  OrphanKey,
  StatusConversation,
  StatusInput,
  StatusOutcome,
  StatusPorts,
  StatusResult,
} from "./contract.ts";

/** Everything that was seen. */
interface Look {
  readonly seen: readonly ClusterView[];
  readonly unseen: readonly UnseenPlace[];
  /** What the directory says, or why it could not be asked. */
  readonly facts: DirectoryFacts | ActionableError;
  /** Why applications that no secret names could not be looked for. */
  readonly unsearched?: ActionableError | undefined;
  /** Azure's time when it was looked; undefined where it was not asked. */
  readonly azureTime: Date | undefined;
  /** Service accounts that name a secret which is gone, by cluster. */
  readonly leftLinks: ReadonlyMap<string, readonly LeftLink[]>;
}

/**
 * Tells how every managed entry of the chosen clusters stands, what waits for a later run, and which keys nothing holds
 * any more. Changes nothing, but for the one key that `prune` names.
 * @throws ActionableError for whatever leaves nothing to tell, and for a key that may not be pruned
 */
export async function status(
  input: StatusInput,
  ports: StatusPorts,
  conversation: StatusConversation,
  signal: AbortSignal,
): Promise<StatusOutcome> {
  requireClusters(ports.clusters);
  const { report } = conversation;
  report({ kind: "started", id: "status", text: "Looking at the clusters' secrets and the directory" });
  const look = await lookAround(input, ports, signal);
  report({ kind: "ended", id: "status" });
  if (input.prune === undefined) return finished(look, input, ports);
  return await prune(input.prune, look, input, ports, conversation, signal);
}

async function lookAround(input: StatusInput, ports: StatusPorts, signal: AbortSignal): Promise<Look> {
  const { seen, unseen } = await viewManaged(input, ports.clusters, signal);
  const [first] = unseen;
  if (seen.length === 0 && first) throw first.error;
  const [look, leftLinks] = await Promise.all([
    askAbout({ seen, unseen }, input, ports, signal),
    leftLinksIn(seen, input, signal),
  ]);
  return { ...look, leftLinks };
}

/** Whoever may not list service accounts, or gets no answer, is told of secrets and keys alone. */
async function leftLinksIn(
  seen: readonly ClusterView[],
  input: StatusInput,
  signal: AbortSignal,
): Promise<Look["leftLinks"]> {
  const links = seen.map(async (one) => {
    const found = await ifToBeHad(findLeftLinks(one, input, signal), signal);
    return [one.clusterId, found ?? []] as const;
  });
  return new Map(await Promise.all(links));
}

async function askAbout(
  { seen, unseen }: Pick<Look, "seen" | "unseen">,
  input: StatusInput,
  ports: StatusPorts,
  signal: AbortSignal,
): Promise<Omit<Look, "leftLinks">> {
  if (!hasApplications(seen, input.registry)) return { seen, unseen, facts: new Map(), azureTime: undefined };
  try {
    const directory = await ports.directory();
    const asked = { directory, clock: ports.clock, concurrency: input.concurrency };
    const { facts, unsearched } = await askDirectory(seen, input.registry, asked, signal);
    const look = await confirmed({ seen, unseen }, facts, directory, input, ports, signal);
    return { ...look, unsearched, azureTime: directory.serverTime() };
  } catch (error) {
    if (!(error instanceof ActionableError) || signal.aborted) throw error;
    if (input.prune !== undefined) throw error;
    return { seen, unseen, facts: error, azureTime: undefined };
  }
}

/**
 * A key that a run made after the secrets were listed looks like an orphan, and so does one that it removed where a part
 * of the directory lags: what seems to be one is looked at once more, the secrets after the directory.
 */
async function confirmed(
  { seen, unseen }: Pick<Look, "seen" | "unseen">,
  facts: DirectoryFacts,
  directory: Directory,
  input: StatusInput,
  { clusters, clock }: StatusPorts,
  signal: AbortSignal,
): Promise<Omit<Look, "leftLinks" | "azureTime">> {
  const orphans = findOrphans(seen, facts, input.registry);
  if (orphans.length === 0) return { seen, unseen, facts };
  const doubtful = new Set(orphans.map(({ keyId }) => keyId));
  const again = await Promise.all(
    [...facts].map(async ([appId, one]) => {
      const { application } = one;
      if (!application) return [appId, one] as const;
      const listing = await withoutRemovedKeys(application, doubtful, { directory, clock }, signal);
      return [appId, { ...one, application: listing }] as const;
    }),
  );
  return { ...(await viewManaged(input, clusters, signal)), facts: new Map(again) };
}

async function prune(
  keyId: string,
  look: Look,
  input: StatusInput,
  ports: StatusPorts,
  conversation: StatusConversation,
  signal: AbortSignal,
): Promise<StatusOutcome> {
  const { report } = conversation;
  const directory = await ports.directory();
  const prunable = async ({ seen, facts, unsearched }: Look) => {
    if (facts instanceof ActionableError) throw facts;
    return await findPrunable(keyId, seen, { facts, unsearched }, { directory, clock: ports.clock }, signal);
  };
  const plan = prunePlan(await prunable(look));
  if (input.dryRun) return { kind: "planned", plan };
  if (!(await conversation.approve(plan))) return { kind: "declined", plan };
  // A person may look at a plan for long, and a run may have begun to use the key.
  const { application, foreseen } = await prunable(await lookAround(input, ports, signal));
  report({ kind: "started", id: "prune", text: `Removing the key ${keyId}` });
  try {
    await directory.removePassword(application.objectId, keyId, signal);
  } catch (error) {
    // Somebody removed it meanwhile, which is what was asked for.
    if (!hasCode(error, "directory.key-lingers")) throw asForeseen(error, foreseen);
  }
  report({ kind: "done", id: "prune", text: `Removed the key ${keyId}` });
  const outcome = finished(
    await lookAround({ ...input, prune: undefined }, ports, signal),
    input,
    ports,
    keyId,
  );
  return {
    ...outcome,
    result: { ...outcome.result, pruned: { appId: application.appId, keyId } },
  };
}

function finished(
  look: Look,
  input: StatusInput,
  { process }: StatusPorts,
  pruned?: string,
): Finished<StatusResult> {
  const { seen, unseen, facts, leftLinks } = look;
  const directory = facts instanceof ActionableError ? undefined : facts;
  // A cluster's clock is as good as none where Azure's is known.
  const timeIn = ({ cluster }: ClusterView) => look.azureTime ?? cluster.serverTime();
  const orphans = orphansTold(look, input);
  const result: StatusResult = {
    entries: seen.flatMap((cluster) => judgeEntries(cluster, { directory, now: timeIn(cluster), input })),
    ...orphans,
    // Parts of the directory go on listing what was removed a moment ago.
    orphans: orphans.orphans?.filter(({ keyId }) => keyId !== pruned) ?? null,
    brokenLinks: seen.flatMap(({ clusterId }) =>
      brokenLinks(clusterId, leftLinks.get(clusterId) ?? [], orphans.orphans ?? []),
    ),
    pending: seen.flatMap((cluster) => findPending(cluster, input, timeIn(cluster), process)),
    scopes: seen.map((cluster) => ({
      context: cluster.cluster.context,
      clusterId: cluster.clusterId,
      whole: cluster.whole,
      namespaces: namespacesRead(cluster),
    })),
    unseen: unseen.map(({ context, namespace, error: { code, message } }) => ({
      context,
      namespace: namespace ?? null,
      error: { code, message },
    })),
    warnings: [
      ...(directory ? applicationWarnings(directory) : []),
      ...seen.flatMap((cluster) => secretWarnings(cluster, input)),
    ],
  };
  const failure = failureOf(unseen, seen);
  if (failure) {
    const { code, message, hint, docs, requestId, retryable, exitCode } = failure;
    const error = { code, message, hint, docs, requestId, retryable, cause: failure };
    return { kind: "finished", result, exitCode, error };
  }
  const clocks = new Map(seen.map((cluster) => [cluster.clusterId, timeIn(cluster)]));
  return {
    kind: "finished",
    result,
    exitCode: isInOrder(result, clocks) ? exitCode.ok : exitCode.notInOrder,
  };
}

function orphansTold(
  { seen, facts, unsearched }: Look,
  { registry }: StatusInput,
): Pick<StatusResult, "orphans" | "orphansUnknown"> {
  if (facts instanceof ActionableError) {
    const { code, message: why } = facts;
    const message = `the directory was not asked, which alone tells whether a key was removed or its principal switched off. ${why}`;
    return { orphans: null, orphansUnknown: { code, message } };
  }
  const [ofCluster] = seen.flatMap((cluster) => orphansUnknownOf(cluster) ?? []);
  const hasLoginServer = !registry || loginServersOf(seen, registry).length > 0;
  const orphansUnknown =
    ofCluster ?? (hasLoginServer ? unsearched && cannotSearch(unsearched) : loginServerUnknown());
  return {
    // One cluster of which it cannot be told hides no orphan of another.
    orphans: hasLoginServer && seen.some(isTold) ? findOrphans(seen, facts, registry) : null,
    ...(orphansUnknown && { orphansUnknown }),
  };
}

/**
 * Why what is told is not all that was asked: a cluster or a namespace that did not answer, one that was chosen and may
 * not be read, and a cluster of which nothing could be read. Where nobody chose, others may keep their namespaces to
 * themselves.
 */
function failureOf(
  unseen: readonly UnseenPlace[],
  seen: readonly ClusterView[],
): ActionableError | undefined {
  const silent = unseen.find(
    ({ namespace, error }) => namespace === undefined || !hasCode(error, "kubernetes.forbidden"),
  );
  if (silent) return silent.error;
  return seen.flatMap(({ missed, namespaces, oneByOne }) =>
    namespaces !== undefined || missed.length === oneByOne.length ? missed : [],
  )[0]?.error;
}

/**
 * Those that acr-pull made, by the API server's record; where that tells of nobody, only while a key is left that was made
 * for the cluster and that no secret names.
 */
function brokenLinks(
  clusterId: string,
  links: readonly LeftLink[],
  orphans: readonly OrphanKey[],
): BrokenLink[] {
  const hasOrphan = orphans.some((orphan) => orphan.clusterId === clusterId);
  return links
    .filter(({ writer }) => writer === "acr-pull" || (writer === "unknown" && hasOrphan))
    .map(({ cluster: { context }, namespace, account, secretName }) => {
      return { context, clusterId, namespace, serviceAccount: account, secret: secretName };
    });
}

/** Whether nobody has to do anything: by what was seen. */
function isInOrder(
  { entries, orphans, brokenLinks, pending }: StatusResult,
  clocks: ReadonlyMap<string, Date>,
): boolean {
  const lives = ({ expiresAt, clusterId }: OrphanKey) =>
    expiresAt === null || Date.parse(expiresAt) > (clocks.get(clusterId)?.getTime() ?? 0);
  return (
    entries.every(({ state }) => state === "ok" || state === "pending") &&
    !(orphans ?? []).some(lives) &&
    brokenLinks.length === 0 &&
    !pending.some(({ overdue }) => overdue)
  );
}
