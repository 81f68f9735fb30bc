import pMap from "p-map";
import { dockerConfigType } from "../../domain/docker-config.ts";
import { ActionableError, refused } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import type { PendingMark } from "../../domain/ownership.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import type { Target } from "../cluster/read-targets.ts";
import { isChosen, type ClusterView } from "../cluster/view.ts";
import type { ProcessIdentity } from "../ports.ts";
import { readEntry, type MarkedSecret } from "../turn/entry-removal.ts";
import { rehearseRemoval } from "../turn/rehearse.ts";
import { isLive } from "../turn/live-mark.ts";
import { isSameTarget } from "../turn/pull-secret.ts";
import type { RemoveInput } from "./contract.ts";
import { atOnce } from "../at-once.ts";

/** An entry that the user asked to remove but that cannot be removed now. */
interface UnwritableEntry {
  readonly target: Target;
  readonly error: ActionableError;
}

/** What a cluster's secrets hold for the registry, and what of it is removed. */
export interface SeenEntries {
  /** Entries to remove. One with the mark of an interrupted run comes first. */
  readonly entries: readonly MarkedSecret[];
  readonly unwritable: readonly UnwritableEntry[];
  /** Secrets with entries of this cluster that the user did not ask to remove. */
  readonly others: readonly Target[];
  /** Secrets whose marks say that they belong to another cluster. */
  readonly strangers: readonly Target[];
  /** Every other visible secret: what these hold is still needed. */
  readonly remaining: readonly PullSecret[];
  /** The secret that another run is at work on; undefined if there is none. */
  readonly liveMark: Target | undefined;
  /** Operations of interrupted runs, from the marks of entries that are removed. */
  readonly staleOperations: readonly string[];
  /** Object ids of the applications that those runs were to delete. */
  readonly staleDeletions: readonly string[];
}

/**
 * Finds our entries for the registry, and asks the cluster whether each can be removed.
 * @throws ActionableError exit 2 naming every entry that can never be removed; the error of a cluster that does not
 *   answer
 */
export async function lookAtEntries(
  seen: ClusterView,
  loginServer: string,
  { input, process }: { readonly input: RemoveInput; readonly process: ProcessIdentity },
  signal: AbortSignal,
): Promise<SeenEntries> {
  const marked = markedSecrets(seen, loginServer);
  const ours = marked.filter(({ clusterId }) => clusterId === seen.clusterId);
  const now = seen.cluster.serverTime();
  const chosen = ours.filter(({ secret }) => isChosen(secret, seen, input.secretName));
  const entries = readAll(chosen, loginServer);
  const isStale = ({ pending }: { readonly pending?: PendingMark | undefined }) =>
    pending !== undefined && !isLive(pending, now, process);
  const inOrder = entries.toSorted((left, right) => Number(isStale(right.mark)) - Number(isStale(left.mark)));
  const { unwritable, gone } = await rehearseAll(inOrder, signal);
  const isNone = (some: ReadonlyArray<{ readonly target: Target }>) => (secret: PullSecret) =>
    !some.some(({ target }) => isSameTarget(target, secret));
  const going = inOrder.filter(({ secret }) => isNone([...unwritable, ...gone])(secret));
  return {
    entries: going,
    unwritable,
    others: ours.filter((one) => !chosen.includes(one)).map(({ target }) => target),
    strangers: marked
      .filter(
        ({ clusterId, secret }) => clusterId !== seen.clusterId && isChosen(secret, seen, input.secretName),
      )
      .map(({ target }) => target),
    remaining: seen.secrets.filter(isNone([...going, ...gone])),
    liveMark: findLiveMark(seen, seen.secrets, loginServer, process),
    staleOperations: going.flatMap(({ mark: { pending } }) =>
      pending ? [...(pending.sweep ?? []), pending.operation] : [],
    ),
    staleDeletions: [...new Set(going.flatMap(({ mark: { pending } }) => pending?.deletes ?? []))],
  };
}

/** A secret with the mark of another run that is at work for this registry and cluster. */
export function findLiveMark(
  seen: Pick<ClusterView, "cluster" | "clusterId">,
  secrets: readonly PullSecret[],
  loginServer: string,
  process: ProcessIdentity,
): Target | undefined {
  const now = seen.cluster.serverTime();
  return markedSecrets({ ...seen, secrets }, loginServer).find(
    ({ clusterId, pending }) => clusterId === seen.clusterId && pending && isLive(pending, now, process),
  )?.target;
}

interface Marked {
  readonly target: Target;
  readonly secret: PullSecret;
  readonly clusterId: string;
  readonly pending: PendingMark | undefined;
}

function markedSecrets(
  { cluster, secrets }: Pick<ClusterView, "cluster" | "secrets">,
  loginServer: string,
): Marked[] {
  return secrets.flatMap((secret) => {
    const mark = secret.type === dockerConfigType ? secret.marks[loginServer] : undefined;
    if (!mark) return [];
    const target: Target = { cluster, namespace: secret.namespace, name: secret.name };
    return [{ target, secret, clusterId: mark.clusterId, pending: mark.pending }];
  });
}

/** Collects the entries that can never be removed, to report all of them together. */
function readAll(marked: readonly Marked[], loginServer: string): MarkedSecret[] {
  const entries: MarkedSecret[] = [];
  const refusals: Refusal[] = [];
  for (const { target, secret } of marked) {
    try {
      const entry = readEntry(target, secret, loginServer);
      if (entry) entries.push(entry);
    } catch (error) {
      if (!(error instanceof ActionableError)) throw error;
      refusals.push({ target, error });
    }
  }
  refuseAll(refusals);
  return entries;
}

/** An entry that can never be removed. */
type Refusal = UnwritableEntry;

function refuseAll(refusals: readonly Refusal[]): void {
  const [first, ...more] = refusals.map(({ error }) => error);
  if (!first) return;
  const hint =
    "Remove the entry where it is written, or delete the secret. Or remove only other namespaces with --namespace: the key then stays as long as this secret holds it.";
  if (more.length === 0) throw refused(first.code, `${first.message} Nothing was removed.`, hint);
  const all = refusals.map(({ error: { message } }) => `  ${message}`).join("\n");
  throw refused(
    first.code,
    `${refusals.length} secrets cannot be written, so nothing was removed:\n${all}`,
    hint,
  );
}

/** Which entries cannot be removed, and which are gone since they were listed. */
async function rehearseAll(
  entries: readonly MarkedSecret[],
  signal: AbortSignal,
): Promise<{ readonly unwritable: readonly UnwritableEntry[]; readonly gone: readonly MarkedSecret[] }> {
  const gone: MarkedSecret[] = [];
  const unwritable: UnwritableEntry[] = [];
  const refusals: Refusal[] = [];
  await pMap(
    entries,
    async (entry) => {
      try {
        // Any of them may come first, and the first is marked before it is removed: so each has to be writable too.
        if (!(await rehearseRemoval(entry, true, signal))) gone.push(entry);
      } catch (error) {
        if (!(error instanceof ActionableError) || signal.aborted) throw error;
        // A server that does not answer has refused nothing.
        if (error.retryable) throw error;
        if (error.exitCode === exitCode.usage) refusals.push({ target: entry.target, error });
        else unwritable.push({ target: entry.target, error });
      }
    },
    atOnce,
  );
  refuseAll(refusals);
  return { unwritable, gone };
}
