import type { ActionableError } from "../../domain/errors.ts";
import type { Application, Caller } from "../../domain/identity.ts";
import type { PendingMark } from "../../domain/ownership.ts";
import type { PasswordPolicy } from "../../domain/password-policy.ts";
import type { PullSecret } from "../../domain/pull-secret.ts";
import type { Registry } from "../../domain/registry.ts";
import type { RequestedRole } from "../../domain/role.ts";
import { azureNow } from "../clocks.ts";
import { heldKeyIds } from "../cluster/key-holders.ts";
import type { Target } from "../cluster/read-targets.ts";
import type { LinkFinding, ServiceAccountLink } from "../cluster/service-account.ts";
import type { ApplicationFinding, ApplicationWish } from "../identity/application.ts";
import type { RoleWish, RolesFinding } from "../identity/pull-role.ts";
import { mayHoldYoungKey } from "../proof/credential-state.ts";
import type { ProofContext } from "../proof/prove-pull.ts";
import type { TargetPolicy, TargetState } from "../turn/pull-secret.ts";
import type { DesiredEntry } from "../turn/write-entry.ts";
import type { SetupInput, SetupPorts } from "./contract.ts";
import {
  heldEntry,
  type CredentialDecision,
  type HeldEntry,
  type LivingCredential,
} from "./decide-credential.ts";
import type { DeadKeys } from "./dead-keys.ts";
import type { TargetsView } from "./look-at-clusters.ts";
import type { Exclusions } from "./exclusions.ts";

/** A credential as one target holds it. */
export type TargetCredential = Omit<LivingCredential, "alive">;

/** What is known about the key in use if only sealed documents hold its password. */
export type KnownKey = Pick<LivingCredential, "keyId" | "createdAt" | "expiresAt">;

/** A target that will be written, or that is in order. */
export interface JobTarget {
  readonly target: Target;
  readonly state: TargetState;
  /** The credential that it is to hold. Undefined if the key is yet to be made. */
  readonly credential: TargetCredential | undefined;
  readonly changes: boolean;
  readonly links: ReadonlyArray<{ readonly link: ServiceAccountLink; readonly finding: LinkFinding }>;
}

/** A target that cannot be written now, with the reason. */
export interface LeftOutTarget {
  readonly target: Target;
  readonly error: ActionableError;
}

/** A mark of a run that is no longer at work. The keys that it names are swept. */
export interface StaleMark {
  readonly target: Target;
  readonly pending: PendingMark;
}

/** What Azure holds for one cluster. */
export interface JobIdentity {
  readonly application: ApplicationFinding;
  readonly applicationWish: ApplicationWish;
  readonly roles: RolesFinding;
  readonly roleWish: RoleWish;
}

/** What to expect of the directory, as far as it can be asked before anything is written. */
export interface Outlook {
  /** What the tenant allows for the key to be made. Undefined if none is made. */
  readonly policy: PasswordPolicy | undefined;
  /** The refusal that the application's first write will meet, unless a role that the token does not list allows it. */
  readonly foreseen: ActionableError | undefined;
  /** The same for the owners to be added. */
  readonly foreseenOfOwners: ActionableError | undefined;
}

/** Everything that the plan and the act phase need about one cluster. */
export interface Job {
  readonly clusterId: string;
  readonly contexts: readonly string[];
  readonly view: TargetsView;
  /** Undefined without Azure. */
  readonly identity: JobIdentity | undefined;
  /** Undefined if the application is yet to be made. */
  readonly appId: string | undefined;
  readonly decision: CredentialDecision;
  readonly outlook: Outlook;
  readonly deadKeys: DeadKeys;
  /**
   * How many living keys of the application were made for the cluster and may be held by secrets that cannot be seen.
   */
  readonly keysUnseen: number;
  readonly targets: readonly JobTarget[];
  readonly staleMarks: readonly StaleMark[];
  /** Whether these marks stay, because a secret that cannot be seen may hold what they name. */
  readonly marksStay: boolean;
  readonly liveMark: StaleMark | undefined;
  readonly policy: TargetPolicy;
  /** How its credential is proven. */
  readonly proof: ProofContext;
}

/** Whose credential a target holds, and for what. */
export interface EntryOwner {
  readonly clusterId: string;
  readonly appId: string;
  /** Undefined if Azure is not asked. */
  readonly role: RequestedRole | undefined;
  readonly registry: Registry | undefined;
  readonly loginServer: string;
}

/** What a target is to hold: credential and marks. */
export function desiredEntry(
  { role, clusterId, appId, registry, loginServer }: EntryOwner,
  credential: Pick<LivingCredential, "credential" | "keyId" | "expiresAt">,
  state: TargetState,
): DesiredEntry {
  const known = state.kind === "present" ? state.mark : undefined;
  return {
    loginServer,
    credential: credential.credential,
    // What is taken over from somebody else is replaced completely: nobody would retire a second credential next to
    // ours.
    ...(state.kind === "present" && !state.mark
      ? { before: { credential: undefined, retire: undefined } }
      : {}),
    mark: {
      registry: registry?.id ?? known?.registry ?? loginServer,
      clusterId,
      appId,
      keyId: credential.keyId,
      expiresAt: credential.expiresAt ?? standingEnd(credential, state),
      role: role ?? known?.role ?? "acrpull",
    },
  };
}

/** The end that a secret already records for the key that it holds. It is kept while parts of the directory lag. */
function standingEnd(
  { credential, keyId }: Pick<LivingCredential, "credential" | "keyId">,
  state: TargetState,
): string | null {
  if (keyId === null || state.kind === "absent" || state.mark?.keyId !== keyId) return null;
  return state.credential?.password.equals(credential.password) === true
    ? (state.mark.expiresAt ?? null)
    : null;
}

/** The application of this finding, if it already exists. */
export function applicationOf(finding: ApplicationFinding | undefined): Application | undefined {
  return finding && finding.kind !== "absent" ? finding.application : undefined;
}

/** Whether a key is made, or written to a target that holds another one or none today. */
export function writesKey({ decision, targets }: Pick<Job, "decision" | "targets">): boolean {
  return decision.kind === "make" || targets.some(needsKey);
}

function needsKey({ state, credential, changes }: JobTarget): boolean {
  if (state.kind === "present" && state.sealed) return changes;
  return (
    state.kind === "absent" ||
    !state.credential ||
    !credential?.credential.password.equals(state.credential.password)
  );
}

/** A target that was read and may be written. */
export interface JudgedTarget {
  readonly target: Target;
  readonly state: TargetState;
}

/** What looking at one cluster needs. */
export interface JobLook {
  readonly input: SetupInput;
  readonly ports: SetupPorts;
  readonly proof: ProofContext;
  readonly registry: Registry | undefined;
  readonly caller: Caller | undefined;
  readonly policy: TargetPolicy;
  readonly exclusions: Exclusions;
  readonly cluster: TargetsView;
  readonly states: readonly JudgedTarget[];
  /** Ids of applications that this run made earlier, before it made way for another one. */
  readonly made: ReadonlySet<string>;
}

/** The entries that the targets hold for the registry. */
export function heldByTargets({ states }: JobLook): readonly HeldEntry[] {
  return states.flatMap(({ target, state }) =>
    state.kind === "present" && state.mark
      ? [
          {
            namespace: target.namespace,
            name: target.name,
            mark: state.mark,
            credential: state.credential,
            sealed: state.sealed,
            mayBeYoung: mayHoldYoungKey(state.secret, target.cluster),
          },
        ]
      : [],
  );
}

/** The entries that the cluster's other managed secrets hold. Undefined if they may not be listed. */
export async function heldElsewhere(
  look: JobLook,
  signal: AbortSignal,
): Promise<readonly HeldEntry[] | undefined> {
  const listed = await look.cluster.managedSecrets(signal);
  return listed
    ?.filter(isBesideTargets(look))
    .flatMap((secret) => heldEntry(secret, look.proof.loginServer, look.cluster.cluster) ?? []);
}

/** Ids of an application's keys that are in secrets other than the targets. Undefined if they may not be listed. */
export async function heldOutsideTargets(
  look: JobLook,
  application: Application | undefined,
  signal: AbortSignal,
): Promise<ReadonlySet<string> | undefined> {
  const { cluster } = look.cluster;
  const listed = application && (await cluster.listPullSecrets(signal));
  const now = azureNow(look.ports.azure?.directory, look.ports.clock);
  return listed && heldKeyIds(listed.filter(isBesideTargets(look)), application, now);
}

/** If targets are written to a manifest, the secrets that were applied from it count as other secrets. */
function isBesideTargets({ states, cluster }: JobLook): (secret: PullSecret) => boolean {
  const isApplied = cluster.cluster.manifest !== undefined;
  const targets = new Map(
    states.map(({ target, state }) => [
      `${target.namespace}/${target.name}`,
      state.kind === "present" ? state.secret.uid : undefined,
    ]),
  );
  return ({ namespace, name, uid }) => {
    const place = `${namespace}/${name}`;
    return !targets.has(place) || (isApplied && targets.get(place) !== uid);
  };
}
