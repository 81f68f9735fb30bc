import { withoutCredential } from "../../domain/docker-config.ts";
import { inOneLine } from "../../domain/in-one-line.ts";
import { pullIdentity } from "../../domain/managed-cluster.ts";
import { builtInRole, rolesFor, type RequestedRole } from "../../domain/role.ts";
import { resultError, type ResultSecret } from "../ending.ts";
import { applicationChanges } from "../identity/application.ts";
import { cappedLife } from "../identity/key-life.ts";
import { foreseenText } from "../identity/foreseen-refusal.ts";
import { foreignLimits, rightsChange, roleChanges } from "../identity/pull-role.ts";
import type { PlannedChange } from "../plan.ts";
import { forgottenWritersWarning, targetName } from "../turn/pull-secret.ts";
import type { ResultRegistry, SetupInput, SetupPlan } from "./contract.ts";
import { standingMarks } from "./decide.ts";
import { writesKey, type Job, type JobIdentity, type JobTarget, type LeftOutTarget } from "./job.ts";
import { lifeWarnings, namesShown, strandedWarnings } from "./key-warnings.ts";
import type { Look } from "./look.ts";

/** The registry as results show it. */
export function resultRegistry({ registry, loginServer }: Look): ResultRegistry {
  return registry
    ? {
        id: registry.id,
        name: registry.name,
        loginServer,
        roleAssignmentMode: registry.roleAssignmentMode ?? null,
      }
    : { id: null, name: loginServer.split(/[.:]/)[0] ?? loginServer, loginServer, roleAssignmentMode: null };
}

/** What setup would do, in the order in which it does it. Contains no secret. */
export function planSetup(look: Look, input: SetupInput, now: Date): SetupPlan {
  const { jobs, leftOut } = look;
  return {
    registry: resultRegistry(look),
    ...(look.manifest && { manifest: look.manifest.path }),
    changes: [
      ...jobs.flatMap((job) => jobChanges(job, look)),
      ...leftOut.map(({ target, error }) => ({
        target: `secret ${targetName(target)}`,
        action: "skipped" as const,
        before: null,
        after: { error: error.code },
      })),
    ],
    warnings: [
      ...registryWarnings(look),
      ...manifestWarnings(look),
      ...jobs.flatMap((job) => jobWarnings(job, input, now)),
      ...managedWarnings(look),
    ],
    leftOut: leftOut.map(leftOutSecret),
    changesRights: jobs.some(({ identity }) => identity && rightsChange(identity.roles) !== undefined),
  };
}

/** Says that AKS nodes need no secret, if a key is about to be written and they may have an identity to pull with. */
function managedWarnings({ managed, registry, loginServer, jobs }: Look): string[] {
  if (!jobs.some(writesKey)) return [];
  const name = registry?.name ?? loginServer;
  return managed
    .filter(({ cluster }) => cluster === undefined || pullIdentity(cluster) !== undefined)
    .map(({ context, cluster }) => {
      const which = cluster ? `the AKS cluster ${inOneLine(cluster.name)}` : "an AKS cluster";
      return `Context ${inOneLine(context)} points to ${which}, whose nodes can pull from ${name} without a secret or a password that expires: setup --attach grants their own identity the role`;
    });
}

/** A secret that cannot be written, as results show it. */
export function leftOutSecret({ target, error }: LeftOutTarget): ResultSecret {
  return {
    context: target.cluster.context,
    namespace: target.namespace,
    name: target.name,
    action: "failed",
    error: resultError(error),
  };
}

/** Warnings about what could not be seen of the registry. */
function registryWarnings({ registry, unseen, proof }: Look): string[] {
  const warnings = unseen
    .slice(0, namesShown)
    .map(({ message }) => `Only the other subscriptions were searched: ${message}`);
  if (unseen.length > namesShown)
    warnings.push(`${unseen.length - namesShown} more subscriptions were not searched either`);
  if (registry && registry.roleAssignmentMode === undefined) {
    const proven =
      proof.kind === "registry" ? "; the proof shows whether it pulls" : ", and no pull proves it";
    warnings.push(
      `This cloud's Resource Manager does not report whether ${registry.name} is in ABAC mode: acr-pull assigns the role for a registry in legacy mode${proven}`,
    );
  }
  return warnings;
}

/** Warnings about a manifest, to be read before it is committed. */
function manifestWarnings({ manifest, jobs }: Look): string[] {
  if (!manifest) return [];
  const targets = jobs.flatMap((job) => job.targets);
  const writesPlain = !manifest.seals && targets.some(({ changes }) => changes);
  return writesPlain
    ? [
        `${manifest.path} will hold the password in a form that anybody can read: base64 hides nothing. Do not commit it; --seal-with seals it`,
      ]
    : [];
}

function jobChanges(job: Job, look: Look): PlannedChange[] {
  const { identity, targets, deadKeys, marksStay, clusterId } = job;
  const staleMarks = marksStay ? [] : job.staleMarks;
  const { registry } = look;
  const cluster = `cluster ${clusterId}`;
  return [
    ...(identity ? applicationChanges(identity.application) : []),
    ...(identity && registry ? roleChanges(identity.roles, registry) : []),
    keyChange(job),
    ...targets.flatMap((target) => targetChanges(target, look.loginServer, identity?.roles.requested)),
    ...staleMarks.map(({ target, pending }) => ({
      target: `pending mark of ${targetName(target)} (${cluster})`,
      action: "removed" as const,
      before: { operation: pending.operation },
      after: null,
    })),
    ...deadKeys.obsolete.map((keyId) => ({
      target: `key ${keyId}`,
      action: "removed" as const,
      before: { keyId },
      after: null,
    })),
  ];
}

function keyChange({ decision, targets, clusterId }: Job): PlannedChange {
  if (decision.kind === "make") {
    return { target: `key for cluster ${clusterId}`, action: "created", before: null, after: { clusterId } };
  }
  const { keyId, expiresAt } = decision;
  return {
    target: `key ${keyId ?? "given by you"}`,
    action: credentialAction(decision, targets),
    before: { keyId, expiresAt },
    after: { keyId, expiresAt },
  };
}

/**
 * What happens to the credential: it is made, it stays, it is copied to targets without it, or the user's own is used.
 */
export function credentialAction(
  decision: Job["decision"],
  targets: readonly JobTarget[],
): "created" | "copied" | "reused" | "unchanged" {
  if (decision.kind === "make") return "created";
  if (decision.from === "user") return "reused";
  return writesKey({ decision, targets }) ? "copied" : "unchanged";
}

function targetChanges(
  { target, state, credential, changes, links }: JobTarget,
  loginServer: string,
  role: RequestedRole | undefined,
): PlannedChange[] {
  const lines: PlannedChange[] = [];
  const { cluster, namespace } = target;
  if (state.kind === "absent" && state.createNamespace) {
    lines.push({
      target: `namespace ${cluster.context}/${namespace}`,
      action: "created",
      before: null,
      after: { name: namespace },
    });
  }
  const after = {
    keyId: credential?.keyId ?? null,
    expiresAt: credential?.expiresAt ?? null,
    role: role ?? (state.kind === "present" ? state.mark?.role : undefined) ?? "acrpull",
    ...keptBeside(state, loginServer),
  };
  lines.push({
    target: `secret ${targetName(target)}`,
    action: state.kind === "absent" ? "created" : changes ? "updated" : "unchanged",
    before: heldBefore(state),
    after,
  });
  for (const { link, finding } of links) {
    lines.push({
      target: `service account ${cluster.context}/${namespace}/${link.account}`,
      action: finding?.linked ? "unchanged" : "updated",
      before: { linked: finding?.linked ?? false },
      after: { linked: true },
    });
  }
  return lines;
}

/** The other hosts of a secret that gets its first entry of ours. */
function keptBeside(state: JobTarget["state"], loginServer: string): { readonly keeps?: readonly string[] } {
  if (state.kind === "absent" || state.mark) return {};
  const hosts = Object.keys(withoutCredential(state.config, loginServer).auths);
  return hosts.length > 0 ? { keeps: hosts } : {};
}

/** What a secret holds for the registry today. A credential without our mark is what `--adopt` replaces. */
function heldBefore(state: JobTarget["state"]): PlannedChange["before"] {
  if (state.kind === "absent") return null;
  const { mark, credential } = state;
  if (!mark) return credential ? { credential: "not made by acr-pull" } : null;
  return { keyId: mark.keyId ?? null, expiresAt: mark.expiresAt ?? null, role: mark.role ?? null };
}

function jobWarnings(job: Job, input: SetupInput, now: Date): string[] {
  const { identity, decision, liveMark, outlook } = job;
  const warnings = strandedWarnings(job, input);
  for (const one of [outlook.foreseen, outlook.foreseenOfOwners]) if (one) warnings.push(foreseenText(one));
  if (outlook.policy && input.expiresInMs === undefined) warnings.push(...cappedLife(outlook.policy));
  const application = identity?.application.kind === "absent" ? undefined : identity?.application.application;
  const { applicationName } = input;
  if (application && applicationName !== undefined && application.displayName !== applicationName) {
    warnings.push(
      `The application keeps the name ${inOneLine(application.displayName)}: --name ${applicationName} applies only to a new application`,
    );
  }
  for (const { roleDefinitionId, scope } of identity?.roles.extra ?? []) {
    const name = builtInRole(roleDefinitionId)?.name ?? roleDefinitionId;
    warnings.push(
      `The service principal also holds ${name} on ${scope}, which acr-pull did not assign and leaves alone`,
    );
  }
  if (identity) warnings.push(...rightsWarnings(identity));
  for (const { target, state, changes } of job.targets) {
    if (changes && state.kind === "present") warnings.push(...forgottenWritersWarning(target, state.secret));
  }
  if (job.marksStay) warnings.push(...standingMarks(job));
  if (liveMark) warnings.push(`Another run is at work on ${targetName(liveMark.target)}`);
  if (decision.kind === "make") return [...warnings, ...unseenKeys(job)];
  return [...warnings, ...lifeWarnings(job, decision, input, now)];
}

/**
 * Warnings about how the principal's rights change, and about rights that it keeps although nobody asked for them here.
 */
function rightsWarnings({ roles, roleWish: { registry, said, before } }: JobIdentity): string[] {
  const change = rightsChange(roles);
  const meant = rolesFor(roles.requested, registry.roleAssignmentMode);
  const names = roles.wanted.map(({ desired }) => desired.role.name);
  // As after an interrupted change of roles.
  const isTooMuch = roles.wanted.some(({ desired }) => !meant.includes(desired.role));
  const isUnsaid = said.role === undefined || said.repositories === undefined;
  return [
    ...(before?.length === 0 && isUnsaid
      ? [
          `${registry.name} was moved, and the earlier rights of the service principal cannot be carried over: without --role and --repository it gets those of a new one`,
        ]
      : []),
    ...(change
      ? [
          `The role changes for every namespace of the cluster that uses this service principal: ${change.before} → ${change.after}`,
        ]
      : []),
    ...foreignLimits(roles).map(
      ({ roleDefinitionId }) =>
        `${builtInRole(roleDefinitionId)?.name} stays limited by a condition that acr-pull did not write`,
    ),
    ...(isTooMuch
      ? [`The service principal holds ${names.join(" and ")}, and keeps them: --role replaces them`]
      : []),
  ];
}

/** A password can be read only from a secret that holds it. */
function unseenKeys({ keysUnseen }: Job): string[] {
  if (keysUnseen === 0) return [];
  const [keys, them] =
    keysUnseen === 1 ? ["another valid key", "it"] : [`${keysUnseen} more valid keys`, "one"];
  return [
    `The application has ${keys} for this cluster, which secrets of other namespaces may hold. You may not list those secrets, so ${them} cannot be copied, and this run makes a new key`,
  ];
}
