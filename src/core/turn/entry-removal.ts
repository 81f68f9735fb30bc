import {
  dockerConfigKey,
  formatDockerConfig,
  withoutCredentialsOf,
  type DockerConfig,
} from "../../domain/docker-config.ts";
import { hasCode } from "../../domain/errors.ts";
import type { SecretChange } from "../../domain/kubernetes-objects.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import {
  entriesAnnotation,
  formatMarks,
  managedByLabel,
  managedByValue,
  managedLabel,
  type EntryMark,
  type EntryMarks,
} from "../../domain/ownership.ts";
import { BusyError } from "./busy.ts";
import { judgeTarget, targetName } from "./pull-secret.ts";
import type { Target, Writable } from "../cluster/read-targets.ts";

/** A secret with an entry of ours. */
export interface MarkedSecret {
  readonly target: Target;
  readonly loginServer: string;
  readonly secret: PullSecret;
  readonly config: DockerConfig;
  readonly marks: EntryMarks;
  readonly mark: EntryMark;
}

/** What becomes of a secret when our entry is taken out of it. */
export type EntryEnd =
  /** We made it, and nothing else is in it. */
  | { readonly kind: "delete" }
  | { readonly kind: "change"; readonly change: SecretChange; readonly why: KeptSecret };

/** Why a secret stays when our entry is taken out of it. */
export type KeptSecret =
  /** Other hosts, or other registries of ours. */
  | "holds-other-entries"
  /** Somebody else made it. */
  | "not-made-by-acr-pull"
  /** What it holds for the host is not what our mark speaks of. */
  | "holds-other-credential"
  /** It is being deleted, and goes when its finalizers are done. */
  | "being-deleted";

/**
 * Judges whether our entry can be taken out of a secret; undefined when it has none (any more).
 * @throws ActionableError with exit 2 for what can never work: `secret.reconciled`, `secret.malformed`,
 *   `secret.immutable`, `secret.marks-malformed`, `secret.wrong-type`
 */
export function readEntry(target: Target, secret: PullSecret, loginServer: string): MarkedSecret | undefined {
  const policy = { loginServer, adopt: true, createNamespace: false };
  const state = judgeTarget(target, { secret, namespace: undefined }, policy);
  if (state.kind !== "present" || !state.mark) return undefined;
  const { config, marks, mark } = state;
  return { target, loginServer, secret, config, marks, mark };
}

/** What becomes of a secret without our entry: labels, annotations, hosts and keys of others stay as they are. */
export function endOf(entry: MarkedSecret): EntryEnd {
  const { secret, marks, loginServer } = entry;
  const { [loginServer]: _gone, ...otherMarks } = marks;
  const hasOtherMarks = Object.keys(otherMarks).length > 0;
  const config = configWithout(entry);
  const madeByUs = secret.labels[managedByLabel] === managedByValue;
  const holdsNothing =
    Object.keys(config.auths).length === 0 &&
    Object.keys(config).every((key) => key === "auths") &&
    Object.keys(secret.data).every((key) => key === dockerConfigKey);
  const goes = madeByUs && holdsNothing && !hasOtherMarks;
  if (goes && !secret.deleting) return { kind: "delete" };
  return {
    kind: "change",
    change: {
      ...(hasOtherMarks
        ? { annotations: { [entriesAnnotation]: formatMarks(otherMarks) } }
        : {
            labels: { [managedLabel]: null, ...(madeByUs && { [managedByLabel]: null }) },
            annotations: { [entriesAnnotation]: null },
          }),
      ...dataChange(entry, config),
    },
    why: secret.deleting
      ? "being-deleted"
      : hasOtherCredential(entry)
        ? "holds-other-credential"
        : holdsNothing && !hasOtherMarks
          ? "not-made-by-acr-pull"
          : "holds-other-entries",
  };
}

/** The credential out, and the mark left, which leads whoever comes next to what is still to be removed. */
export function withoutPassword(entry: MarkedSecret): SecretChange | undefined {
  const change = dataChange(entry, configWithout(entry));
  return "data" in change ? change : undefined;
}

function dataChange({ config }: MarkedSecret, without: DockerConfig): SecretChange {
  return without === config ? {} : { data: { [dockerConfigKey]: formatDockerConfig(without) } };
}

/** Only what the mark speaks of: somebody may have put another credential in its place. */
function configWithout({ config, loginServer, mark }: MarkedSecret): DockerConfig {
  return mark.appId === undefined ? config : withoutCredentialsOf(config, loginServer, mark.appId);
}

function hasOtherCredential(entry: MarkedSecret): boolean {
  const { loginServer } = entry;
  return Object.keys(configWithout(entry).auths).some((key) => key.toLowerCase() === loginServer);
}

/** One that may be written. */
export interface WritableEntry extends MarkedSecret {
  readonly target: Writable<Target>;
}

/** What became of a secret that our entry was taken out of. */
export type EntryRemoved =
  | { readonly action: "removed" }
  /** `why` it stays; absent when somebody else took the entry out. Of one that is being deleted, what holds it. */
  | { readonly action: "updated"; readonly why?: KeptSecret; readonly finalizers?: readonly string[] };

const triesOnConflict = 5;

/**
 * Takes our entry out of a secret, and deletes it when nothing is left that is not ours. Another writer's change in
 * between is read, judged again and kept.
 * @param stillOurTurn throws `busy` when another run went on in this one's place
 * @throws ActionableError `busy` when another run put another key or its own mark there meanwhile
 */
export async function removeEntry(
  entry: WritableEntry,
  signal: AbortSignal,
  stillOurTurn?: () => Promise<void>,
): Promise<EntryRemoved> {
  const { target, loginServer } = entry;
  const { cluster, namespace, name } = target;
  let current: MarkedSecret = entry;
  for (let tries = 1; ; tries += 1) {
    const end = endOf(current);
    try {
      if (end.kind === "delete") {
        const standing = await cluster.deleteSecret(current.secret, signal);
        if (!standing) return { action: "removed" };
        // What holds it may do so for long: until then nothing of ours is in it.
        const left = readEntry(target, standing, loginServer);
        if (!left) return { action: "updated", why: "being-deleted", finalizers: standing.finalizers };
        current = left;
        continue;
      }
      const { finalizers, deleting } = await cluster.patchSecret(current.secret, end.change, signal);
      return { action: "updated", why: end.why, ...(deleting && { finalizers }) };
    } catch (error) {
      if (hasCode(error, "kubernetes.not-found", "kubernetes.namespace-not-found"))
        return { action: "removed" };
      if (tries >= triesOnConflict || !hasCode(error, "kubernetes.conflict")) throw error;
      await stillOurTurn?.();
      const secret = await cluster.findSecret(namespace, name, signal);
      if (!secret) return { action: "removed" };
      const now = readEntry(target, secret, loginServer);
      if (!now) return { action: "updated" };
      if (!isSameEntry(entry.mark, now.mark)) throw new BusyError(targetName(target));
      current = now;
    }
  }
}

/** Whether a mark says the same as when it was agreed that it goes. */
function isSameEntry(one: EntryMark, other: EntryMark): boolean {
  return (
    one.appId === other.appId &&
    one.keyId === other.keyId &&
    one.clusterId === other.clusterId &&
    one.pending?.operation === other.pending?.operation
  );
}

/**
 * Asks the API server whether the entry could be taken out; nothing is kept.
 * @param changesFirst whether the secret is also patched before it goes
 * @returns false when the secret is gone: somebody deleted it since it was looked at
 */
export async function rehearseRemoval(
  { target, secret, ...entry }: MarkedSecret,
  changesFirst: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const { rehearsal } = target.cluster;
  const end = endOf({ target, secret, ...entry });
  const stands = await Promise.all([
    end.kind === "delete" ? isThere(rehearsal.deleteSecret(secret, signal)) : true,
    end.kind === "change" || changesFirst
      ? isThere(rehearsal.patchSecret(secret, { annotations: { ...secret.annotations } }, signal))
      : true,
  ]);
  return stands.every(Boolean);
}

async function isThere(rehearsal: Promise<unknown>): Promise<boolean> {
  try {
    await rehearsal;
  } catch (error) {
    if (hasCode(error, "kubernetes.not-found", "kubernetes.namespace-not-found")) return false;
    // Somebody changed it since it was looked at: whether it may be written was answered before that.
    if (!hasCode(error, "kubernetes.conflict")) throw error;
  }
  return true;
}
