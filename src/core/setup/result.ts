import { ActionableError } from "../../domain/errors.ts";
import type { Application, ServicePrincipal } from "../../domain/identity.ts";
import { isKeyOf } from "../../domain/ownership.ts";
import { isRenewalDue } from "../../domain/renewal.ts";
import { builtInRole } from "../../domain/role.ts";
import type { Target } from "../cluster/read-targets.ts";
import { endingBy, incomplete, isHalfDone, resultError, type Ending, type ResultSecret } from "../ending.ts";
import type { StandingRole } from "../identity/grant-role.ts";
import { isSameTarget, targetName } from "../turn/pull-secret.ts";
import type { SecretRecord } from "../turn/turn.ts";
import type {
  ResultCredential,
  ResultRoleAssignment,
  ResultServiceAccount,
  ResultServicePrincipal,
  ResultVerification,
  SetupOutcome,
  SetupResult,
} from "./contract.ts";
import { applicationOf, type Job, type KnownKey, type TargetCredential } from "./job.ts";
import type { Look } from "./look.ts";
import { credentialAction, leftOutSecret, resultRegistry } from "./plan-setup.ts";

/** What was done to one service account. */
export interface LinkRecord {
  readonly target: Target;
  readonly account: string;
  action: "updated" | "unchanged" | "failed";
  error?: ActionableError;
}

/** What one job has done so far. It is filled while the job works, so it is true even after a failure half way. */
export interface JobRecord {
  readonly job: Job;
  /** Whether any change was requested. */
  wrote: boolean;
  application?: Application;
  /** Whether this run made it. */
  made?: boolean;
  principal?: ServicePrincipal;
  readonly roles: StandingRole[];
  /** The namespaces that were created. */
  readonly namespaces: Array<Pick<Target, "cluster" | "namespace">>;
  /** The secret that was created only for the mark. It holds no password until it is written. */
  markedSecret?: Target;
  /** The key that was made, until it is in use. Or the key in use, if only sealed documents hold its password. */
  madeKey?: KnownKey;
  credential?: TargetCredential;
  targets: readonly SecretRecord[];
  readonly links: LinkRecord[];
  /** Whether the credential was tried. */
  tried: boolean;
  proven: boolean;
  removedKeys: string[];
  removedRoles: string[];
  error?: unknown;
}

/** The document of what was done, however the run ended. */
export function resultOf(look: Look, records: readonly JobRecord[], now: Date): SetupResult {
  return {
    registry: resultRegistry(look),
    ...(look.manifest && { manifest: look.manifest.path }),
    servicePrincipals: records.flatMap(servicePrincipals),
    roleAssignments: records.flatMap(roleAssignments),
    extraRoles: records
      .flatMap(({ job }) => job.identity?.roles.extra ?? [])
      .map(({ id, roleDefinitionId, scope }) => ({
        id,
        role: builtInRole(roleDefinitionId)?.name ?? roleDefinitionId,
        scope,
      })),
    credentials: records.flatMap(credentials),
    namespaces: records.flatMap(({ namespaces }) =>
      namespaces.map(({ cluster, namespace }) => ({
        context: cluster.context,
        namespace,
        action: "created" as const,
      })),
    ),
    secrets: [...records.flatMap(secrets), ...look.leftOut.map(leftOutSecret)],
    serviceAccounts: records.flatMap(serviceAccounts),
    verification: verification(look, records),
    renewalDue: records.some(({ credential, madeKey }) => {
      const known = credential ?? madeKey;
      return known && isRenewalDue(known, now);
    }),
    keptKeys: records.flatMap(keptKeys),
  };
}

/** The document of a finished run, and how it ended. */
export function finishedOutcome(look: Look, records: readonly JobRecord[], now: Date): SetupOutcome {
  return { kind: "finished", result: resultOf(look, records, now), ...ending(look, records) };
}

function servicePrincipals({ job, application, principal }: JobRecord): ResultServicePrincipal[] {
  const finding = job.identity?.application;
  const known = application ?? applicationOf(finding);
  const appId = known?.appId ?? job.appId;
  if (appId === undefined) return [];
  const present = finding?.kind === "found" ? finding.principal : undefined;
  // Also if the run stopped after the application and before its principal: neither existed before.
  const begun = principal !== undefined || (finding?.kind !== "found" && application !== undefined);
  const created = finding !== undefined && present === undefined && begun;
  const shared = finding?.kind === "found" && finding.shared;
  return job.contexts.map((context) => ({
    context,
    clusterId: job.clusterId,
    appId,
    objectId: (principal ?? present)?.objectId ?? null,
    displayName: known?.displayName ?? null,
    action: created ? "created" : shared || !job.identity ? "reused" : "unchanged",
  }));
}

function roleAssignments({ job, roles, removedRoles }: JobRecord): ResultRoleAssignment[] {
  const { identity } = job;
  if (!identity) return [];
  const { registry } = identity.roleWish;
  const [context = ""] = job.contexts;
  const standing =
    roles.length > 0
      ? roles
      : identity.roles.wanted.flatMap(({ desired, present, action }) =>
          present ? [{ id: present.id, desired, action }] : [],
        );
  return [
    ...standing.map(({ id, desired, action }) => ({
      context,
      id,
      requestedRole: identity.roles.requested,
      role: desired.role.name,
      condition: desired.condition ?? null,
      scope: registry.id,
      action,
    })),
    ...identity.roles.obsolete
      .filter(({ id }) => removedRoles.includes(id))
      .map(({ id, roleDefinitionId, condition }) => ({
        context,
        id,
        requestedRole: identity.roles.requested,
        role: builtInRole(roleDefinitionId)?.name ?? roleDefinitionId,
        condition: condition ?? null,
        scope: registry.id,
        action: "removed" as const,
      })),
  ];
}

function credentials({ job, credential, madeKey, application, targets }: JobRecord): ResultCredential[] {
  const known = credential ?? madeKey;
  if (!known) return [];
  const appId = credential?.credential.username ?? application?.appId ?? job.appId ?? "";
  const { keyId, createdAt, expiresAt } = known;
  const planned = credentialAction(job.decision, job.targets);
  const isHeld = targets.some(
    ({ action, error }) => !error && (action === "created" || action === "updated"),
  );
  // A credential that was to be copied, but reached no secret, is still only where it was before.
  const action = planned === "copied" && !isHeld ? "unchanged" : planned;
  return job.contexts.map((context) => ({
    context,
    clusterId: job.clusterId,
    appId,
    keyId,
    createdAt,
    expiresAt,
    action,
  }));
}

function secrets({ job, targets, markedSecret }: JobRecord): ResultSecret[] {
  return job.targets.map(({ target }) => {
    const record = targets.find((one) => one.target === target);
    if (!record && markedSecret && isSameTarget(target, markedSecret)) return unfinishedSecret(target);
    return {
      context: target.cluster.context,
      namespace: target.namespace,
      name: target.name,
      // A target that was never reached is neither failed nor done.
      action: record?.action ?? "skipped",
      ...(record?.error ? { error: resultError(record.error) } : {}),
    };
  });
}

/** The secret was created for the mark before the run stopped: it is empty. */
function unfinishedSecret({ cluster: { context }, namespace, name }: Target): ResultSecret {
  const error = {
    code: "secret.unfinished",
    message: "It was created, but holds no password yet.",
    hint: "Run the same command again to continue.",
  };
  return { context, namespace, name, action: "created", error };
}

/** In the order in which the namespaces were named, whichever was done first. */
function serviceAccounts({ job, links }: JobRecord): ResultServiceAccount[] {
  return job.targets.flatMap(({ target, links: wanted }) =>
    wanted.map(({ link: { account } }) => {
      const record = links.find((one) => one.target === target && one.account === account);
      return {
        context: target.cluster.context,
        namespace: target.namespace,
        name: account,
        action: record?.action ?? "skipped",
        ...(record?.error ? { error: resultError(record.error) } : {}),
      };
    }),
  );
}

function verification({ proof, loginServer }: Look, records: readonly JobRecord[]): ResultVerification {
  const checks = records.map(({ job, tried, proven }) => ({
    id: proof.kind === "registry" ? "pull" : "sign-in",
    status: proven ? ("pass" as const) : tried ? ("fail" as const) : ("skip" as const),
    message: proven
      ? `${proof.kind === "registry" ? loginServer : "Entra"} accepts the credential of cluster ${job.clusterId}`
      : `The credential of cluster ${job.clusterId} was not ${tried ? "proven" : "tried"}`,
  }));
  const isUntried = checks.some(({ status }) => status === "skip");
  if (
    records.some(({ job }) => job.decision.kind === "sealed") &&
    checks.every(({ status }) => status !== "fail")
  )
    return { status: "skipped", reason: "sealed", checks };
  if (isUntried && !checks.some(({ status }) => status === "fail"))
    return { status: "skipped", reason: "not-reached", checks };
  if (!checks.every(({ status }) => status === "pass")) return { status: "failed", checks };
  return proof.kind === "entra"
    ? { status: "skipped", reason: "registry-unreachable", checks }
    : { status: "passed", checks };
}

/** Keys of ours for this cluster that are not in use: reported, never removed here. */
function keptKeys({ job, credential, removedKeys }: JobRecord): SetupResult["keptKeys"] {
  const application = applicationOf(job.identity?.application);
  if (!application || job.decision.kind !== "make") return [];
  const stranded = new Set(job.deadKeys.stranded.map(({ keyId }) => keyId));
  const inTargets = new Set(
    job.targets.map(({ state }) => (state.kind === "present" ? state.mark?.keyId : null)),
  );
  return application.passwords
    .filter((key) => isKeyOf(key, job.clusterId))
    .filter(({ keyId }) => keyId !== credential?.keyId && !removedKeys.includes(keyId))
    .map(({ keyId }) => ({
      appId: application.appId,
      keyId,
      reason: stranded.has(keyId)
        ? "other secrets of the cluster still hold it, although it does not sign in: acr-pull rotate replaces it there"
        : inTargets.has(keyId)
          ? "a secret that acr-pull did not write seems to hold it"
          : "no readable secret holds it, or some namespaces could not be read",
    }));
}

function ending({ leftOut }: Look, records: readonly JobRecord[]): Ending {
  const broken = records.find(({ error }) => error !== undefined);
  if (broken) {
    const { error } = broken;
    const before = {
      wrote: records.some(({ wrote }) => wrote),
      didPart: records.some((one) => one !== broken && one.error === undefined && one.wrote),
    };
    return endingBy([error], error instanceof ActionableError && isHalfDone(error, before));
  }
  const failed = [
    ...leftOut.map(({ target, error }) => ({ name: targetName(target), error })),
    ...records.flatMap(({ targets, links }) => [
      ...targets.flatMap(({ target, error }) => (error ? [{ name: targetName(target), error }] : [])),
      ...links.flatMap(({ target, account, error }) =>
        error ? [{ name: `${targetName(target)} (service account ${account})`, error }] : [],
      ),
    ]),
  ];
  if (failed.length === 0) return endingBy([], false);
  const count = failed.length === 1 ? "1 target was" : `${failed.length} targets were`;
  const says = `${count} not written`;
  const hint = "Fix the cause, then run the same command again. What is done stays as it is.";
  return endingBy([incomplete(failed, { code: "setup.incomplete", says, hint })], true);
}
