import { emptyDockerConfig } from "../../domain/docker-config.ts";
import { hasCode } from "../../domain/errors.ts";
import { entriesAnnotation, managedLabel } from "../../domain/ownership.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import type { Target } from "../cluster/read-targets.ts";
import { entryEnd, type MarkedSecret } from "./entry-removal.ts";
import { refuseDeleting, type TargetState } from "./pull-secret.ts";
import { newSecret } from "./write-entry.ts";

type Present = Extract<TargetState, { readonly kind: "present" }>;
/** The part of a target's state that a rehearsal needs. */
type RehearsedState = Exclude<TargetState, Present> | Pick<Present, "kind" | "secret">;

/**
 * Asks the API server whether the target could be written. Nothing is kept. A secret that does not exist is to be
 * created and then patched, for a pending mark or after somebody undid a write. The API server checks rights before
 * it looks for the object, so both rehearsals show whether the right exists.
 */
export async function rehearseWrite(
  target: Target,
  state: RehearsedState,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name } = target;
  const { rehearsal } = target.cluster;
  const change = { labels: { [managedLabel]: "true" } };
  if (state.kind === "present") {
    refuseDeleting(target, state.secret);
    const annotations = { [entriesAnnotation]: withRoomForMark(state.secret) };
    // Somebody changed it after the look. The API server checked the right to write it before it noticed that.
    await unless(
      rehearsal.patchSecret(state.secret, { ...change, annotations }, signal),
      "kubernetes.conflict",
    );
    return;
  }
  const create = rehearsal.createSecret(newSecret(target, {}, emptyDockerConfig), signal);
  const patch = rehearsal.patchSecret({ namespace, name, resourceVersion: "0" }, change, signal);
  await Promise.all([
    state.createNamespace
      ? Promise.all([
          unless(rehearsal.createNamespace(namespace, signal), "kubernetes.already-exists"),
          unless(create, "kubernetes.namespace-not-found"),
        ])
      : create,
    unless(patch, "kubernetes.not-found", "kubernetes.namespace-not-found"),
  ]);
}

/** No mark that a run writes has more characters than this, and each is one byte. */
const largestMark = 2048;

/** The size that a secret's annotation may grow to: the API server limits the length of all annotations together. */
function withRoomForMark({ annotations }: PullSecret): string {
  return (annotations[entriesAnnotation] ?? "") + " ".repeat(largestMark);
}

/** Waits for work that may fail in an expected way. */
async function unless(work: Promise<unknown>, ...codes: string[]): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!hasCode(error, ...codes)) throw error;
  }
}

/**
 * Asks the API server whether the entry could be taken out. Nothing is kept.
 * @param changesFirst whether the secret is also patched before it is deleted
 * @returns false if the secret is gone: somebody deleted it after the look
 */
export async function rehearseRemoval(
  { target, secret, ...entry }: MarkedSecret,
  changesFirst: boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const { rehearsal } = target.cluster;
  const end = entryEnd({ target, secret, ...entry });
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
    // Somebody changed it after the look. The API server checked the right to write it before it noticed that.
    if (!hasCode(error, "kubernetes.conflict")) throw error;
  }
  return true;
}
