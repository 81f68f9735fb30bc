import { inOneLine } from "../../domain/in-one-line.ts";
import { builtInRole } from "../../domain/role.ts";
import type { RoleAssignment } from "../../domain/role-assignment.ts";
import type { LeftOut } from "../cluster/view.ts";
import type { PlannedChange } from "../plan.ts";
import { nameOf } from "../identity/directory-names.ts";
import { entryEnd, type MarkedSecret } from "../turn/entry-removal.ts";
import { heldText } from "../../domain/held-text.ts";
import { targetName } from "../turn/pull-secret.ts";
import type { Target } from "../cluster/read-targets.ts";
import type { RemovePlan } from "./contract.ts";
import type { MeantRegistry } from "./find-login-server.ts";
import { isUnnamed, type Kept, type PrincipalVerdict } from "./decide.ts";
import type { Removal } from "./look.ts";

/** What the run would do, in the order in which it would do it. It contains nothing secret. */
export function planRemoval(
  { loginServer, name }: MeantRegistry,
  removals: readonly Removal[],
  leftOut: readonly LeftOut[],
): RemovePlan {
  return {
    registryName: name,
    loginServer,
    changes: removals.flatMap((removal) => [
      ...accountChanges(removal),
      ...secretChanges(removal),
      ...removal.verdicts.flatMap(principalChanges),
      ...removal.orphans.map((what) => keptChange(assignmentText(what), { what, reason: "principal-gone" })),
    ]),
    warnings: [
      ...leftOut.map(({ name: what, error }) => `Left out, ${what}: ${error.message}`),
      ...removals.flatMap(warningsOf),
    ],
    lasting: removals.flatMap(lastingOf),
  };
}

function accountChanges({ users, entries }: Removal): PlannedChange[] {
  return [
    ...users.links.map(({ cluster, namespace, account, secretName }): PlannedChange => ({
      target: `service account ${inOneLine(cluster.context)}/${namespace}/${account}`,
      action: "updated",
      before: { imagePullSecret: secretName },
      after: { imagePullSecret: null },
    })),
    ...(entries.entries.length === 0 ? [] : users.keptLinks).map(({ link, reason }): PlannedChange => ({
      target: `service account ${inOneLine(link.cluster.context)}/${link.namespace}/${link.account}`,
      action: "kept",
      before: null,
      after: { because: reason },
    })),
  ];
}

function secretChanges({ entries }: Removal): PlannedChange[] {
  return [
    ...entries.entries.map((entry): PlannedChange => {
      const end = entryEnd(entry);
      const { appId = null, keyId = null } = entry.mark;
      return {
        target: `secret ${targetName(entry.target)}`,
        action: end.kind === "delete" ? "removed" : "updated",
        before: { appId, keyId },
        after: end.kind === "delete" ? null : { without: entry.loginServer, because: end.why },
      };
    }),
    ...entries.unwritable.map(({ target, error }): PlannedChange => ({
      target: `secret ${targetName(target)}`,
      action: "skipped",
      before: null,
      after: { error: error.code },
    })),
    ...entries.strangers.map((target): PlannedChange => ({
      target: `secret ${targetName(target)}`,
      action: "kept",
      before: null,
      after: { because: "of-another-cluster" },
    })),
  ];
}

function principalChanges(verdict: PrincipalVerdict): PlannedChange[] {
  const { application, principal, keys, keptKeys, roles, keptRoles, keptBecause } = verdict;
  const fate = (target: string, id: unknown): PlannedChange => ({
    target,
    action: keptBecause ? "kept" : "removed",
    before: id,
    after: keptBecause ? becauseOf({ what: undefined, ...keptBecause }) : null,
  });
  return [
    ...keys.map(({ keyId }): PlannedChange => ({
      target: `key ${keyId}`,
      action: "removed",
      before: { keyId },
      after: null,
    })),
    ...keptKeys.map((kept) => keptChange(`key ${kept.what.keyId}`, kept)),
    ...roles.map((role): PlannedChange => ({
      target: assignmentText(role),
      action: "removed",
      before: { id: role.id },
      after: null,
    })),
    ...keptRoles.map((kept) => keptChange(assignmentText(kept.what), kept)),
    ...(principal
      ? [
          fate(`service principal ${inOneLine(principal.displayName)}`, {
            objectId: principal.objectId,
          }),
        ]
      : []),
    fate(`application ${nameOf(application)}`, { appId: application.appId }),
  ];
}

/** A line of the plan about something that stays. */
export function keptChange(target: string, kept: Kept<unknown>): PlannedChange {
  return { target, action: "kept", before: null, after: becauseOf(kept) };
}

function becauseOf({ reason, heldBy }: Kept<unknown>) {
  return { because: reason, ...(heldBy && { by: heldBy }) };
}

/** The name of a role assignment for people: the role's name and the last part of its scope. */
export function assignmentText({ roleDefinitionId, scope, name }: RoleAssignment): string {
  return `role assignment ${builtInRole(roleDefinitionId)?.name ?? name} on ${inOneLine(scope.split("/").at(-1) ?? scope)}`;
}

const mostNamed = 20;

function listed(targets: readonly Target[]): string {
  const more = targets.length - mostNamed;
  const names = targets.slice(0, mostNamed).map(targetName).join(", ");
  return more > 0 ? `${names} and ${more} more` : names;
}

/** Warns that a secret with finalizers is gone only when they are done. */
function standingWarning(entry: MarkedSecret): string[] {
  const { target, secret } = entry;
  const { finalizers, deleting } = secret;
  const name = targetName(target);
  if (deleting) return [`${name} is being deleted${heldText(finalizers)}`];
  if (finalizers.length === 0 || entryEnd(entry).kind !== "delete") return [];
  const list = finalizers.map(inOneLine).join(", ");
  return [`${name} will be deleted, and remains until its finalizers are done: ${list}`];
}

/** Says what stays because proof is missing, why, and which flag removes it anyway. */
function flagWarnings({ application, keptKeys, keptRoles }: PrincipalVerdict): string[] {
  const unnamed = keptKeys.filter(isUnnamed).map(({ what: { keyId } }) => keyId);
  const shared = keptRoles
    .filter(({ reason }) => reason === "shared")
    .map(({ what }) => assignmentText(what));
  return [
    ...unnamed.map(
      (keyId) =>
        `The key ${keyId} was made for a cluster with this id, but no secret here names it: a copy of the cluster (a cloned machine, a restored etcd) may pull with it. If there is no copy, the same command with --prune ${keyId} removes it`,
    ),
    ...shared.map(
      (role) =>
        `The ${role} stays: others can sign in as ${nameOf(application)}, and acr-pull cannot tell whether they pull with it. If nobody does, the same command with --service-principal ${application.appId} removes it`,
    ),
  ];
}

/** What the person agrees to and nobody can undo. */
function lastingOf({ verdicts }: Removal): string[] {
  return verdicts
    .filter(({ keptBecause }) => !keptBecause)
    .map(({ application }) => `${nameOf(application)} is deleted permanently and cannot be restored`);
}

function warningsOf({ users, entries, verdicts }: Removal): string[] {
  const warnings = users.stillNaming.map((who) => `${who} names the secret, and can no longer pull with it`);
  for (const { cluster, namespace, account, secretName } of users.danglingLinks) {
    const name = `${inOneLine(cluster.context)}/${namespace}/${account}`;
    warnings.push(
      `service account ${name} names the secret ${secretName}, which does not exist, and it is not known whether acr-pull linked it; if so, --service-account ${account} unlinks it`,
    );
  }
  for (const what of users.unseen)
    warnings.push(`acr-pull could not see whether the ${what} name the secret`);
  if (entries.liveMark) warnings.push(`Another run is at work on ${targetName(entries.liveMark)}`);
  for (const { target, error } of entries.unwritable) {
    warnings.push(
      `${targetName(target)} stays as it is, and so does the key that it holds: ${error.message}`,
    );
  }
  warnings.push(...entries.entries.flatMap(standingWarning));
  const { others } = entries;
  if (entries.entries.length === 0 && entries.unwritable.length === 0 && others.length > 0) {
    warnings.push(
      `No secret that you asked for has an entry for this registry. These have one: ${listed(others)}`,
    );
  }
  warnings.push(...verdicts.flatMap(flagWarnings));
  for (const { application, roles, keptBecause } of verdicts) {
    if (keptBecause?.reason !== "shared" || roles.length === 0 || application.passwords.length === 0)
      continue;
    warnings.push(
      `Anybody else who pulls as ${nameOf(application)} loses the role assignment that acr-pull made`,
    );
  }
  return warnings;
}
