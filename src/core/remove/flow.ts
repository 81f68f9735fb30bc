import { isDeepStrictEqual } from "node:util";
import { ActionableError } from "../../domain/errors.ts";
import { isFailureOfOne } from "../cluster/failure-of-one.ts";
import { leftOutOf, requireClusters, viewClusters, type LeftOut } from "../cluster/view.ts";
import { declinedHalfWay, noneWritable } from "../ending.ts";
import { hasChanges } from "../plan.ts";
import { reportFor } from "../progress.ts";
import type { Writing } from "../ports.ts";
import { BusyError, BusyWait } from "../turn/busy.ts";
import { targetName } from "../turn/pull-secret.ts";
import { act, type RemoveTools } from "./act.ts";
import {
  attachmentChanges,
  attachmentsToGo,
  attachmentWarnings,
  lookAtAttachments,
  removeAttachments,
  searchAttachments,
  type Attachments,
  type AttachmentSearch,
} from "./attachments.ts";
import type {
  RemovableRegistry,
  RemoveConversation,
  RemoveInput,
  RemoveOutcome,
  RemovePlan,
  RemovePorts,
} from "./contract.ts";
import { findLoginServer, recordedIn } from "./find-login-server.ts";
import { checkRights, lookAtCluster, type Removal } from "./look.ts";
import { refuseMissingNamespaces, refuseMissingSecret } from "./not-there.ts";
import { planRemoval } from "./plan-removal.ts";
import { proveKeysGone } from "./prove-gone.ts";
import { Records, finishedOutcome, thingsToGo } from "./result.ts";

/** What was found in all chosen clusters. */
interface Look {
  readonly removals: readonly Removal[];
  readonly leftOut: readonly LeftOut[];
  readonly attachments: Attachments;
  readonly plan: RemovePlan;
}

/**
 * Removes what `setup` gave the chosen clusters for one registry: links, entries, keys, role and application, each
 * only if it is ours and nothing else needs it. What is left is read from the clusters and the directory, so the next
 * run continues what a crashed run began. While another run is at work, it waits, and then looks again.
 * @throws ActionableError for anything that stops it before the first write; `busy` when the waiting time is over
 */
export async function remove(
  input: RemoveInput,
  ports: Writing<RemovePorts>,
  conversation: RemoveConversation,
  signal: AbortSignal,
): Promise<RemoveOutcome> {
  const records = new Records();
  try {
    const tools = { input, ports, report: conversation.report, signal };
    return await runUntilUndisturbed(tools, conversation, records);
  } catch (error) {
    if (records.wrote) conversation.leave?.({ removed: records.all(false) });
    if (!records.wrote || !(error instanceof ActionableError) || signal.aborted) throw error;
    // Something is already removed, so this failure leaves the removal unfinished.
    records.failures.push(error);
    return finishedOutcome(records, []);
  }
}

const declinedText = "Not confirmed. What was removed before another run interfered is gone.";

/** Looks, asks and removes. Starts again if it meets another run. */
async function runUntilUndisturbed(
  tools: RemoveTools,
  conversation: RemoveConversation,
  records: Records,
): Promise<RemoveOutcome> {
  const { input, ports, report, signal } = tools;
  const busy = new BusyWait(ports.clock, report);
  let agreed: RemovePlan | undefined;
  for (;;) {
    const looked = await busy.lookWhenIdle(() => look(input, ports, signal), signal);
    const { plan } = looked;
    if (input.dryRun) return { kind: "planned", plan };
    if (!hasChanges(plan.changes) || isAgreed(plan, agreed)) {
      for (const text of plan.warnings) report({ kind: "note", level: "warning", text });
    } else if (await conversation.approve(plan)) agreed = plan;
    else if (records.wrote) throw declinedHalfWay("remove.declined", declinedText);
    else return { kind: "declined", plan };
    try {
      return await carryAllOut(looked, records, tools);
    } catch (error) {
      await busy.pause(error, signal);
      records.forgetStanding();
    }
  }
}

/** Another run may have done a part in the meantime, so a person is asked only about what is new. */
function isAgreed({ changes }: RemovePlan, agreed: RemovePlan | undefined): boolean {
  return (
    agreed !== undefined &&
    changes.every((change) => agreed.changes.some((known) => isDeepStrictEqual(known, change)))
  );
}

/** @throws BusyError if another run is at work in one of the clusters */
async function carryAllOut(
  { removals, leftOut, attachments }: Look,
  records: Records,
  tools: RemoveTools,
): Promise<RemoveOutcome> {
  const gone = new Set<string>();
  records.toGo = [...thingsToGo(removals), ...attachmentsToGo(attachments)];
  // One after the other: what the first cluster still uses may be all that keeps a role that the clusters share.
  for (const removal of removals) {
    try {
      const context = removals.length > 1 ? removal.seen.contexts[0] : undefined;
      await act(removal, { ...tools, report: reportFor(tools.report, context), gone, records });
    } catch (error) {
      if (!isFailureOfOne(error, tools.signal)) throw error;
      records.failures.push(error);
    }
  }
  tools.signal.throwIfAborted();
  await removeAttachments(attachments, records, tools);
  await proveKeysGone(records, tools);
  return finishedOutcome(records, leftOut);
}

async function look(input: RemoveInput, ports: RemovePorts, signal: AbortSignal): Promise<Look> {
  requireClusters(ports.clusters);
  const stop = new AbortController();
  const search = searchAttachments(input, ports, AbortSignal.any([signal, stop.signal]));
  try {
    return await lookWith(search, { input, ports }, signal);
  } finally {
    stop.abort();
  }
}

/** @param search the search for attachments, which is already under way */
async function lookWith(
  search: AttachmentSearch | undefined,
  { input, ports }: { readonly input: RemoveInput; readonly ports: RemovePorts },
  signal: AbortSignal,
): Promise<Look> {
  const { seen, unseen } = await viewClusters(input, ports.clusters, signal);
  const [first] = unseen;
  if (first && seen.length === 0) throw first.error;
  const leftOut = leftOutOf(unseen);
  await refuseMissingNamespaces(seen, input, signal);
  const registry = await findLoginServer(seen, input, ports, signal);
  const gone = new Set<string>();
  const removals: Removal[] = [];
  for (const one of seen)
    removals.push(await lookAtCluster(one, { registry, gone }, { input, ports }, signal));
  const live = removals.find(({ entries }) => entries.liveMark)?.entries.liveMark;
  if (live && !input.dryRun) throw new BusyError(targetName(live));
  refuseMissingSecret(removals, input);
  refuseIfAllUnwritable(removals);
  const attachments = await lookAtAttachments(search, registry, { input, ports }, signal);
  await checkRights(removals, attachments, ports, signal);
  const ofClusters = planRemoval(registry, removals, leftOut);
  const plan = {
    ...ofClusters,
    changes: [...ofClusters.changes, ...attachmentChanges(attachments)],
    warnings: [...ofClusters.warnings, ...attachmentWarnings(attachments, registry.loginServer)],
  };
  return { removals, leftOut, attachments, plan };
}

/** If no secret can be written at all, nothing begins. */
function refuseIfAllUnwritable(removals: readonly Removal[]): void {
  const unwritable = removals.flatMap(({ entries }) => entries.unwritable);
  const [first, ...more] = unwritable.map(({ error }) => error);
  if (first && removals.every(({ entries }) => entries.entries.length === 0))
    throw noneWritable([first, ...more]);
}

/**
 * The registries that the chosen clusters' secrets have entries for, for a list to choose from. Asks only the
 * clusters.
 * @throws ActionableError if a cluster does not answer
 */
export async function listRemovableRegistries(
  input: Pick<RemoveInput, "clusterId" | "namespaces" | "namespaceSelector" | "secretName">,
  ports: Pick<RemovePorts, "clusters">,
  signal: AbortSignal,
): Promise<readonly RemovableRegistry[]> {
  const { seen, unseen } = await viewClusters(input, ports.clusters, signal);
  const [first] = unseen;
  if (first) throw first.error;
  return [...recordedIn(seen, undefined)].map(([loginServer, registries]) => ({
    loginServer,
    registry: registries[0] ?? loginServer,
    secrets: seen.flatMap(({ cluster, secrets }) =>
      secrets
        .filter((secret) => secret.marks[loginServer] !== undefined)
        .map(({ namespace, name }) => targetName({ cluster, namespace, name })),
    ),
  }));
}
