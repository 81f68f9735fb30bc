import {
  dockerConfigKey,
  dockerConfigType,
  emptyDockerConfig,
  formatDockerConfig,
  withCredential,
  type DockerConfig,
  type PullCredential,
} from "../../domain/docker-config.ts";
import { ActionableError, hasCode } from "../../domain/errors.ts";
import { keysForImage } from "../../domain/kubelet-match.ts";
import type { SecretChange } from "../../domain/kubernetes-objects.ts";
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
import type { PullSecret } from "../../domain/pull-secret.ts";
import { shellQuote } from "../../domain/shell-quote.ts";
import { readTarget, type Target, type TargetContent, type Writable } from "../cluster/read-targets.ts";
import { BusyError } from "./busy.ts";
import {
  judgeTarget,
  refuseDeleting,
  targetName,
  type PresentTarget,
  type TargetPolicy,
  type TargetState,
} from "./pull-secret.ts";

/** What a target is to hold for the login server. */
export interface DesiredEntry {
  readonly loginServer: string;
  readonly credential: PullCredential;
  readonly mark: Omit<EntryMark, "pending" | "retire">;
  /** The operation whose pending mark is removed by the write. Every other mark stays. */
  readonly closes?: string | undefined;
  /** What happens to the previous credential. If absent, nothing about it changes. */
  readonly before?: {
    readonly credential: PullCredential | undefined;
    readonly retire: RetireMark | undefined;
  };
}

/** The change after which a secret holds what it should; `undefined` if it already does. */
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
  // A kubelet does not find an entry whose key differs in letter case, although other readers do.
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

/** A new secret: the labels that say that it is ours, the marks, and the config. */
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

const triesOnConflict = 5;

/** One secret to be written. */
export interface EntryWrite {
  readonly target: Writable<Target>;
  /** What it held before. */
  readonly before: TargetState;
  readonly policy: TargetPolicy;
  readonly desired: DesiredEntry;
}

/** How a write ended, and what the secret holds now. */
export interface EntryWritten {
  readonly action: "created" | "updated" | "unchanged";
  readonly secret: PullSecret;
}

/**
 * Writes what a target is to hold, in place. If another writer changes the target meanwhile, it is read and judged
 * again, and the change is kept.
 * @param stillOurTurn throws `busy` if another run continued in place of this one; called after somebody else has
 *   written, before the next try
 * @throws ActionableError `busy` if another run put its own credential or mark there meanwhile
 */
export async function writeEntry(
  write: EntryWrite,
  signal: AbortSignal,
  stillOurTurn?: () => Promise<void>,
): Promise<EntryWritten> {
  const { target, before, policy, desired } = write;
  const { cluster } = target;
  let current = before;
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
      refuseIfTakenOver(write, current);
    }
  }
}

/** A run that was delayed for long must not undo what the run that continued in its place has written. */
function refuseIfTakenOver({ target, before, desired }: EntryWrite, now: TargetState): void {
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
 * Reads a written target back. If somebody undid the write, it is made once more.
 * @param read what the target holds, or why it could not be read, if that was tried since the write; else it is read
 *   now
 * @param stillOurTurn as in `writeEntry`
 * @returns the credential that the secret holds, from exactly the bytes that were read
 * @throws ActionableError `secret.reverted` if it is undone again, `busy` if another run wrote its own there
 */
export async function readEntryBack(
  write: EntryWrite,
  read: TargetContent | ActionableError | undefined,
  signal: AbortSignal,
  stillOurTurn?: () => Promise<void>,
): Promise<PullCredential> {
  const { target, policy, desired } = write;
  for (const last of [false, true]) {
    const content = (last ? undefined : read) ?? (await readTarget(target, signal));
    if (content instanceof ActionableError) throw content;
    const state = judgeTarget(target, content, policy);
    if (state.kind === "present" && changeFor(state, desired) === undefined && state.credential)
      return state.credential;
    if (last) break;
    await stillOurTurn?.();
    refuseIfTakenOver(write, state);
    await writeEntry({ ...write, before: state }, signal, stillOurTurn);
  }
  throw new ActionableError(
    `Secret ${targetName(target)} was written and read back, but somebody changed it both times.`,
    {
      code: "secret.reverted",
      hint: `Find out who writes it. To see its field managers, run: kubectl --context ${shellQuote(target.cluster.context)} --namespace ${target.namespace} get secret ${target.name} --show-managed-fields -o yaml`,
      retryable: true,
    },
  );
}
