import { emptyDockerConfig } from "../../domain/docker-config.ts";
import { hasCode } from "../../domain/errors.ts";
import type { SecretChange } from "../../domain/kubernetes-objects.ts";
import {
  entriesAnnotation,
  formatMarks,
  managedLabel,
  type EntryMark,
  type PendingMark,
} from "../../domain/ownership.ts";
import { marksToChange, type PullSecret } from "../../domain/pull-secret.ts";
import type { Target, Writable } from "../cluster/read-targets.ts";
import type { ProcessIdentity } from "../ports.ts";
import { refuseDeleting } from "./pull-secret.ts";
import { newSecret } from "./write-entry.ts";

/** What setting a mark needs. */
export interface MarkWish {
  readonly target: Writable<Target>;
  /** The secret as last read. Undefined if it is yet to be created. */
  readonly secret: PullSecret | undefined;
  readonly loginServer: string;
  /** The mark that a new entry gets. An existing entry keeps its own. */
  readonly entry: EntryMark;
  readonly process: ProcessIdentity;
  /** Operations of earlier runs whose keys must be removed before the mark. */
  readonly sweep: readonly string[];
  /** Whether the run is a removal, which no other command may continue. */
  readonly removes?: boolean | undefined;
  /** Object id of the application that this run may delete, or that an earlier run deleted. */
  readonly deletes?: string | undefined;
}

/** The mark of a run, renewed now by the cluster's clock. */
export function pendingMark(
  { process, target, removes, deletes }: MarkWish,
  operation: string,
  sweep: readonly string[],
): PendingMark {
  const { host, boot, pidNamespace, pid, start } = process;
  return {
    operation,
    holder: {
      host,
      boot,
      ...(pidNamespace === undefined ? {} : { pidNamespace }),
      pid,
      ...(start === undefined ? {} : { start }),
    },
    renewedAt: target.cluster.serverTime().toISOString(),
    ...(sweep.length > 0 ? { sweep } : {}),
    ...(removes ? { removes } : {}),
    ...(deletes === undefined ? {} : { deletes }),
  };
}

/**
 * Writes the mark into its secret, which is created if there is none.
 * @throws ActionableError `kubernetes.conflict`, `kubernetes.already-exists` if somebody else wrote it first
 */
export async function writeMark(
  wish: MarkWish,
  secret: PullSecret | undefined,
  pending: PendingMark,
  signal: AbortSignal,
): Promise<PullSecret> {
  const { target, loginServer, entry } = wish;
  const marks = { ...(secret ? marksToChange(secret) : {}) };
  marks[loginServer] = { ...(marks[loginServer] ?? entry), pending };
  if (!secret) return target.cluster.createSecret(newSecret(target, marks, emptyDockerConfig), signal);
  refuseDeleting(target, secret);
  return target.cluster.patchSecret(secret, markChange(formatMarks(marks)), signal);
}

function markChange(annotation: string): SecretChange {
  return { labels: { [managedLabel]: "true" }, annotations: { [entriesAnnotation]: annotation } };
}

/** A pending mark to remove, and the operations that it may be of. */
interface MarkToGo {
  readonly target: Writable<Target>;
  readonly loginServer: string;
  readonly operations: ReadonlySet<string>;
}

/**
 * Takes a pending mark out of a secret, or puts another one in its place. An entry that held nothing else is removed
 * with it. A mark of any other operation stays.
 */
export async function replaceMark(
  { target, loginServer, operations }: MarkToGo,
  replacement: PendingMark | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const secret = await target.cluster.findSecret(target.namespace, target.name, signal);
    const marks = secret ? { ...marksToChange(secret) } : {};
    const mark = marks[loginServer];
    if (!secret || !mark?.pending || !operations.has(mark.pending.operation)) return;
    const { pending: _replaced, ...rest } = mark;
    if (replacement) marks[loginServer] = { ...rest, pending: replacement };
    else if (rest.appId === undefined) delete marks[loginServer];
    else marks[loginServer] = rest;
    try {
      await target.cluster.patchSecret(secret, markChange(formatMarks(marks)), signal);
      return;
    } catch (error) {
      if (tries >= 5 || !hasCode(error, "kubernetes.conflict")) throw error;
    }
  }
}
