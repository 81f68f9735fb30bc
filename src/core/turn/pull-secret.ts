import {
  dockerConfigKey,
  dockerConfigType,
  emptyDockerConfig,
  formatDockerConfig,
  withCredential,
  type DockerConfig,
  type PullCredential,
} from "../../domain/docker-config.ts";
import { ActionableError, hasCode, refused } from "../../domain/errors.ts";
import { heldText } from "../../domain/held-text.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { keysForImage } from "../../domain/kubelet-match.ts";
import type { SecretChange } from "../../domain/kubernetes-objects.ts";
import {
  entryFor,
  marksMalformed,
  type PullSecret,
  type PullSecretEntry,
  type SecretTrouble,
} from "../../domain/pull-secret.ts";
import {
  entriesAnnotation,
  formatMarks,
  managedByLabel,
  managedByValue,
  managedLabel,
  type EntryMark,
  type EntryMarks,
  type RetireMark,
} from "../../domain/ownership.ts";
import { hasForgottenWriters } from "../../domain/other-writers.ts";
import { BusyError } from "./busy.ts";
import { readTarget, type Target, type TargetContent, type Writable } from "../cluster/read-targets.ts";

/** `context/namespace/name`, as plans and errors call a target. */
export function targetName({ cluster, namespace, name }: Target): string {
  return `${inOneLine(cluster.context)}/${namespace}/${name}`;
}

/** Whether two are the same secret of one cluster. */
export function isSameTarget(
  one: Pick<Target, "namespace" | "name">,
  other: Pick<Target, "namespace" | "name">,
): boolean {
  return one.namespace === other.namespace && one.name === other.name;
}

/** A target that may be written, with what it holds for the login server. */
export type TargetState = AbsentTarget | PresentTarget;

interface AbsentTarget {
  readonly kind: "absent";
  readonly createNamespace: boolean;
}

/** A target that is there. */
export interface PresentTarget extends PullSecretEntry {
  readonly kind: "present";
  readonly secret: PullSecret;
  readonly config: DockerConfig;
  readonly marks: EntryMarks;
}

/** What may be done to targets that are not ours yet. */
export interface TargetPolicy {
  readonly loginServer: string;
  readonly adopt: boolean;
  readonly createNamespace: boolean;
}

/**
 * Judges what a target holds.
 * @throws ActionableError with exit 2 for what can never work: `secret.not-ours`, `secret.reconciled`,
 *   `secret.wrong-type`, `secret.malformed`, `secret.marks-malformed`, `secret.immutable`,
 *   `kubernetes.namespace-not-found`; and `kubernetes.terminating`, which leaves the target out
 */
export function judgeTarget(target: Target, content: TargetContent, policy: TargetPolicy): TargetState {
  const { secret, namespace } = content;
  const name = targetName(target);
  if (!secret) return judgeNamespace(target, namespace, policy);
  const { config, marks } = secret;
  const [trouble] = secret.troubles;
  if (trouble) throw refusalFor(target, secret, trouble);
  if (!config) throw new TypeError("a secret in no trouble can be read");
  const { loginServer } = policy;
  const entry = entryFor(secret, loginServer);
  const { mark, credential } = entry;
  const managed = Object.keys(marks).length > 0 || isEmptyAndLabelled(secret, config);
  if (!policy.adopt && mark === undefined && (!managed || credential)) {
    const holds = `holds a credential for ${loginServer}`;
    const stranger = `Secret ${name} exists and acr-pull did not write it: ${describeOwner(secret)}`;
    const said = managed
      ? `Secret ${name} already ${holds} that acr-pull did not write`
      : `${stranger}${credential ? `; it ${holds}` : ""}`;
    const adopting = credential ? "replace that credential" : "add the entry";
    throw refused(
      "secret.not-ours",
      `${said}.`,
      `Run again with --adopt to ${adopting} and leave everything else in it alone, or choose another name with --secret-name.`,
    );
  }
  return { kind: "present", secret, config, marks, ...entry };
}

/** Why a secret can never be written. */
function refusalFor(target: Target, secret: PullSecret, trouble: SecretTrouble): ActionableError {
  const name = targetName(target);
  switch (trouble.kind) {
    case "reconciled":
      return refused(
        "secret.reconciled",
        `Secret ${name} is written by ${inOneLine(trouble.by)}, which would undo any change made here.`,
        "Change it where it comes from, or write another secret with --secret-name.",
      );
    case "wrong-type":
      return refused(
        "secret.wrong-type",
        `Secret ${name} has the type ${inOneLine(secret.type)}; a pull secret has the type ${dockerConfigType}, and a type cannot be changed.`,
        "Choose another name with --secret-name.",
      );
    case "immutable":
      return refused(
        "secret.immutable",
        `Secret ${name} is immutable, so its credential could never be replaced.`,
        "Choose another name with --secret-name, or delete it and run again.",
      );
    case "malformed":
      return refused(
        "secret.malformed",
        `Secret ${name} cannot be read: its ${dockerConfigKey} ${trouble.why}. The kubelet cannot read it either, and every pull of a pod that names it fails.`,
        "Mend or delete it, or choose another name with --secret-name.",
      );
    case "marks-malformed":
      return marksMalformed(secret);
    default:
      return trouble satisfies never;
  }
}

/** That nobody can tell whether a controller would undo what is written to a secret; nothing where that can be told. */
export function forgottenWritersWarning(target: Target, secret: PullSecret): string[] {
  if (!hasForgottenWriters(secret)) return [];
  return [
    `More than ten have written ${targetName(target)}, and the cluster names the oldest of them no more: whether a controller is among them, which would undo a change, is not known`,
  ];
}

/**
 * What is written to a secret that is being deleted goes with it.
 * @throws ActionableError `kubernetes.terminating`, which leaves the target out
 */
export function refuseDeleting(target: Target, { deleting, finalizers }: PullSecret): void {
  if (!deleting) return;
  throw new ActionableError(`Secret ${targetName(target)} is being deleted${heldText(finalizers)}.`, {
    code: "kubernetes.terminating",
    hint: "Wait until it is gone, or have its finalizers done by whoever set them, and run again; or choose another name with --secret-name.",
  });
}

function judgeNamespace(
  target: Target,
  namespace: TargetContent["namespace"],
  policy: TargetPolicy,
): TargetState {
  if (namespace === undefined && !policy.createNamespace) {
    throw refused(
      "kubernetes.namespace-not-found",
      `Namespace ${target.namespace} does not exist in context ${inOneLine(target.cluster.context)}.`,
      "Check the name, or run again with --create-namespace to have it made.",
    );
  }
  if (typeof namespace === "object" && namespace.terminating) {
    throw new ActionableError(
      `Namespace ${target.namespace} in context ${inOneLine(target.cluster.context)} is being deleted.`,
      {
        code: "kubernetes.terminating",
        hint: "Wait until it is gone, then run again with --create-namespace, or leave it out.",
      },
    );
  }
  return { kind: "absent", createNamespace: namespace === undefined };
}

/** A secret that a run of ours made and had to leave without an entry. */
function isEmptyAndLabelled(secret: PullSecret, config: DockerConfig): boolean {
  return secret.labels[managedLabel] === "true" && Object.keys(config.auths).length === 0;
}

function describeOwner(secret: PullSecret): string {
  const by = secret.labels[managedByLabel];
  if (by !== undefined) return `its label ${managedByLabel} says ${JSON.stringify(by)}`;
  if (secret.managers.length === 0) return "nothing in it says who did";
  return `it was written by ${inOneLine(secret.managers.join(", "))}`;
}

/** What a target shall hold for the login server. */
export interface DesiredEntry {
  readonly loginServer: string;
  readonly credential: PullCredential;
  readonly mark: Omit<EntryMark, "pending" | "retire">;
  /** The operation whose pending mark goes with the write; every other mark stays. */
  readonly closes: string | undefined;
  /** What becomes of the credential before it; absent: whatever stands of it stays. */
  readonly before?: {
    readonly credential: PullCredential | undefined;
    readonly retire: RetireMark | undefined;
  };
}

/** The change that brings a secret to what it shall hold; `undefined` when it holds it already. */
export function changeFor(state: PresentTarget, desired: DesiredEntry): SecretChange | undefined {
  const { secret, config, marks, mark, credential, second } = state;
  const { loginServer, before } = desired;
  const { pending, retire: standing, ...kept } = mark ?? {};
  const retire = before ? before.retire : standing;
  const newMark: EntryMark = {
    ...kept,
    ...desired.mark,
    ...(retire === undefined ? {} : { retire }),
    ...(pending === undefined || pending.operation === desired.closes ? {} : { pending }),
  };
  const annotation = formatMarks({ ...marks, [loginServer]: newMark });
  // Under a key that only readers take who do not look at letter case it serves no kubelet.
  const isFound = keysForImage(Object.keys(config.auths), `${loginServer}/any`).length > 0;
  const sameBytes =
    isFound &&
    isSameCredential(credential, desired.credential) &&
    (before === undefined || isSameCredential(second, before.credential));
  const sameMarks = formatMarks(marks) === annotation && secret.labels[managedLabel] === "true";
  if (sameBytes && sameMarks) return undefined;
  return {
    labels: { [managedLabel]: "true" },
    annotations: { [entriesAnnotation]: annotation },
    ...(sameBytes
      ? {}
      : {
          data: {
            [dockerConfigKey]: formatDockerConfig(
              withCredential(config, loginServer, desired.credential, before?.credential),
            ),
          },
        }),
  };
}

function isSameCredential(one: PullCredential | undefined, other: PullCredential | undefined): boolean {
  if (!one || !other) return one === other;
  return one.username === other.username && one.password.equals(other.password);
}

/** A new secret: labels that say it is ours, the marks, and the config. */
export function newSecret(target: Target, marks: EntryMarks, config: DockerConfig) {
  return {
    namespace: target.namespace,
    name: target.name,
    type: dockerConfigType,
    labels: { [managedLabel]: "true", [managedByLabel]: managedByValue },
    annotations: { [entriesAnnotation]: formatMarks(marks) },
    data: { [dockerConfigKey]: formatDockerConfig(config) },
  };
}

/**
 * Asks the API server whether the target could be written; nothing is kept. A secret that is not there yet is to be
 * created and, by a pending mark or a write that was undone, patched: rights are looked at before what is named is
 * looked for, so that of both the right is learned.
 */
export async function rehearseWrite(
  target: Target,
  state: AbsentTarget | Pick<PresentTarget, "kind" | "secret">,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name } = target;
  const { rehearsal } = target.cluster;
  const change = { labels: { [managedLabel]: "true" } };
  if (state.kind === "present") {
    refuseDeleting(target, state.secret);
    const annotations = { [entriesAnnotation]: withRoomForMark(state.secret) };
    // Somebody changed it since it was looked at: whether it may be written was answered before that.
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

/** The largest mark that a run writes takes no more characters, of which each is a byte. */
const largestMark = 2048;

/** What a secret's annotation may grow to: the API server limits how long all of them are together. */
function withRoomForMark({ annotations }: PullSecret): string {
  return (annotations[entriesAnnotation] ?? "") + " ".repeat(largestMark);
}

/** Waits for what may fail in a way that was to be expected. */
async function unless(work: Promise<unknown>, ...codes: string[]): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!hasCode(error, ...codes)) throw error;
  }
}

const triesOnConflict = 5;

/** How a write ended, and what the secret holds now. */
export interface Written {
  readonly action: "created" | "updated" | "unchanged";
  readonly secret: PullSecret;
}

/**
 * Brings a target to what it shall hold, in place. Another writer's change in between is read, judged again and
 * kept.
 * @param stillOurTurn throws `busy` when another run went on in this one's place; asked before writing anew where
 *   somebody else has written
 * @throws ActionableError `busy` when another run put its own credential or mark there meanwhile
 */
export async function writeTarget(
  target: Writable<Target>,
  state: TargetState,
  policy: TargetPolicy,
  desired: DesiredEntry,
  signal: AbortSignal,
  stillOurTurn?: () => Promise<void>,
): Promise<Written> {
  const { cluster } = target;
  let current = state;
  for (let tries = 1; ; tries += 1) {
    try {
      if (current.kind === "absent") {
        const marks = { [desired.loginServer]: desired.mark };
        const config = withCredential(emptyDockerConfig, desired.loginServer, desired.credential);
        const secret = await cluster.createSecret(newSecret(target, marks, config), signal);
        return { action: "created", secret };
      }
      const change = changeFor(current, desired);
      if (!change) return { action: "unchanged", secret: current.secret };
      refuseDeleting(target, current.secret);
      return { action: "updated", secret: await cluster.patchSecret(current.secret, change, signal) };
    } catch (error) {
      if (tries >= triesOnConflict || !hasCode(error, "kubernetes.conflict", "kubernetes.already-exists"))
        throw error;
      await stillOurTurn?.();
      current = judgeTarget(target, await readTarget(target, signal), policy);
      refuseIfTakenOver(target, state, current, desired);
    }
  }
}

/** A run that was held up for long must not undo what the run that went on in its place has written. */
function refuseIfTakenOver(
  target: Target,
  before: TargetState,
  now: TargetState,
  desired: DesiredEntry,
): void {
  const [held, known] = [contentOf(now), contentOf(before)];
  const otherKey =
    held.password !== undefined &&
    held.password !== known.password &&
    held.password !== desired.credential.password.reveal();
  const closed = held.operation === undefined && known.operation === desired.closes;
  const otherMark = held.operation !== known.operation && !closed;
  if (otherKey || otherMark) throw new BusyError(targetName(target));
}

function contentOf(state: TargetState) {
  const { credential, mark } = state.kind === "present" ? state : {};
  return { password: credential?.password.reveal(), operation: mark?.pending?.operation };
}

/**
 * Reads a written target back; where somebody undid the write it is made once more.
 * @param read what it holds, or why that could not be read, where it was tried since; else it is read now
 * @param before what the target held before it was written
 * @param stillOurTurn as with `writeTarget`
 * @returns the credential that the secret holds, from the very bytes read
 * @throws ActionableError `secret.reverted` when it is undone again, `busy` when another run wrote its own there
 */
export async function readBack(
  target: Writable<Target>,
  read: TargetContent | ActionableError | undefined,
  before: TargetState,
  policy: TargetPolicy,
  desired: DesiredEntry,
  signal: AbortSignal,
  stillOurTurn?: () => Promise<void>,
): Promise<PullCredential> {
  for (const last of [false, true]) {
    const content = (last ? undefined : read) ?? (await readTarget(target, signal));
    if (content instanceof ActionableError) throw content;
    const state = judgeTarget(target, content, policy);
    if (state.kind === "present" && changeFor(state, desired) === undefined && state.credential)
      return state.credential;
    if (last) break;
    await stillOurTurn?.();
    refuseIfTakenOver(target, before, state, desired);
    await writeTarget(target, state, policy, desired, signal, stillOurTurn);
  }
  throw new ActionableError(
    `Secret ${targetName(target)} was written and read back, and somebody changed it both times.`,
    {
      code: "secret.reverted",
      hint: "Find out who writes it: kubectl get secret --show-managed-fields -o yaml shows the field managers.",
      retryable: true,
    },
  );
}
