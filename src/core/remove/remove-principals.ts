import type { PullCredential } from "../../domain/docker-config.ts";
import { hasCode, type ActionableError } from "../../domain/errors.ts";
import type { PasswordCredential } from "../../domain/identity.ts";
import { applicationUniqueName } from "../../domain/ownership.ts";
import { isFailureOfOne } from "../cluster/failure-of-one.ts";
import { nameOf } from "../identity/directory-names.ts";
import type { LeftDeleted } from "../ports.ts";
import type { Report } from "../progress.ts";
import type { Turn } from "../turn/turn.ts";
import type { RemovePorts } from "./contract.ts";
import type { PrincipalVerdict } from "./decide.ts";
import type { Removal } from "./look.ts";
import { assignmentText } from "./plan-removal.ts";
import type { Records } from "./result.ts";

/** What a removal in Azure needs. */
export interface AzureRemoval {
  readonly ports: Pick<RemovePorts, "azure">;
  readonly records: Records;
  readonly report: Report;
  readonly turn: Turn;
  /** Ids of what this run has removed; what is removed here is added. */
  readonly gone: Set<string>;
  /** Credentials, in the secrets that are removed, that may be a key's password. */
  readonly credentialsOf: (key: PasswordCredential) => readonly PullCredential[];
  readonly loginServer: string;
  /** Judges the application again, as it is now. */
  readonly judgeAgain: () => Promise<PrincipalVerdict | undefined>;
}

/**
 * Removes an application's keys, then the roles that we granted, then the application with its principal. Each is
 * removed only when nothing needs it any longer. That is checked again each time, because other clusters may use it.
 * A failure is noted and ends the removal, so that nothing is removed before what depends on it.
 */
export async function removePrincipal(verdict: PrincipalVerdict, removal: AzureRemoval): Promise<void> {
  const { records } = removal;
  const keysFailed = await removeKeys(verdict, removal);
  noteKeptKeys(verdict, records);
  if (keysFailed) return noteKeptRoles(verdict, records);
  let now = verdict;
  const judgeNow = () =>
    tryTo(verdict.application.appId, "application", removal, async () => {
      // If the application was deleted in the meantime, the earlier verdict stays.
      now = (await removal.judgeAgain()) ?? now;
    });
  if (verdict.keys.length + verdict.roles.length > 0 && (await judgeNow())) return;
  const rolesFailed = await removeRoles(now, removal);
  noteKeptRoles(now, records);
  if (rolesFailed || (!now.keptBecause && (await judgeNow()))) return;
  if (now.keptBecause) noteEnd(verdict, now.keptBecause, records);
  else await removeApplication(verdict, removal);
}

/** Notes what happened to an application and its principal. */
export function noteEnd(
  { application, principal }: Pick<PrincipalVerdict, "application" | "principal">,
  keptBecause: PrincipalVerdict["keptBecause"],
  records: Records,
): void {
  const action = keptBecause ? ("kept" as const) : ("removed" as const);
  const fate = { action, ...keptBecause };
  if (principal) records.add({ kind: "service-principal", id: principal.objectId, ...fate });
  records.add({ kind: "application", id: application.appId, ...fate });
}

/** Notes the keys that stay, and why. */
export function noteKeptKeys({ keptKeys }: Pick<PrincipalVerdict, "keptKeys">, records: Records): void {
  for (const { what, ...why } of keptKeys)
    records.add({ kind: "key", id: what.keyId, action: "kept", ...why });
}

/** Notes the roles that stay, and why. */
export function noteKeptRoles({ keptRoles }: Pick<PrincipalVerdict, "keptRoles">, records: Records): void {
  for (const { what, ...why } of keptRoles) {
    records.add({ kind: "role-assignment", id: what.id, action: "kept", ...why });
  }
}

async function removeKeys(
  { application, keys }: PrincipalVerdict,
  removal: AzureRemoval,
): Promise<ActionableError | undefined> {
  const { ports, records, report, turn, gone, loginServer } = removal;
  const { objectId } = application;
  for (const key of keys) {
    const { keyId } = key;
    const failed = await tryTo(keyId, "key", removal, async () => {
      report({ kind: "started", id: `key ${keyId}`, text: `Removing the key ${keyId}` });
      try {
        await ports.azure.directory.removePassword(objectId, keyId, turn.signal);
      } catch (error) {
        // An earlier run removed it, but parts of the directory do not know that yet.
        if (!hasCode(error, "directory.stale-answer")) throw error;
      }
      gone.add(keyId);
      records.addKey({ keyId, objectId, loginServer, credentials: removal.credentialsOf(key) });
      report({ kind: "done", id: `key ${keyId}`, text: `Removed the key ${keyId}` });
    });
    if (failed) return failed;
  }
  return undefined;
}

async function removeRoles(
  { roles }: PrincipalVerdict,
  removal: AzureRemoval,
): Promise<ActionableError | undefined> {
  const { ports, records, report, turn, gone } = removal;
  for (const role of roles) {
    const failed = await tryTo(role.id, "role-assignment", removal, async () => {
      report({ kind: "started", id: role.id, text: `Removing the ${assignmentText(role)}` });
      await ports.azure.roles.removeAssignment(role.id, turn.signal);
      gone.add(role.id.toLowerCase());
      records.add({ kind: "role-assignment", id: role.id, action: "removed" });
      report({ kind: "done", id: role.id, text: `Removed the ${assignmentText(role)}` });
    });
    if (failed) return failed;
  }
  return undefined;
}

async function removeApplication(verdict: PrincipalVerdict, removal: AzureRemoval): Promise<void> {
  const { ports, records, report, turn } = removal;
  const { application } = verdict;
  const { objectId, appId } = application;
  await tryTo(appId, "application", removal, async () => {
    report({ kind: "started", id: objectId, text: `Deleting the application ${nameOf(application)}` });
    // The application is gone from now on, even if it cannot be deleted permanently.
    const noteGone = () => noteEnd(verdict, undefined, records);
    const left = await ports.azure.directory.removeApplication(objectId, turn.signal, noteGone);
    noteGone();
    const text = `Deleted the application ${nameOf(application)} and its service principal`;
    report({ kind: "done", id: objectId, text });
    if (left) report({ kind: "note", level: "warning", text: leftText(nameOf(application), left) });
  });
}

/**
 * Permanently deletes the application that an interrupted run had already deleted. Only the mark of that run leads to
 * it, and otherwise it would keep its name for 30 days.
 */
export async function purgeLeft(
  { entries, facts, registry, seen }: Removal,
  { ports, report, records, turn }: Pick<AzureRemoval, "ports" | "report" | "records" | "turn">,
): Promise<void> {
  const uniqueName = applicationUniqueName(registry.loginServer, seen.clusterId);
  const own = facts.find(({ application }) => application.uniqueName === uniqueName)?.application;
  const isDone = records.items.some(
    ({ kind, id, action }) => kind === "application" && id === own?.appId && action === "removed",
  );
  for (const id of entries.staleDeletions) {
    // If another application has the name now, no deleted one has it.
    if (own && (own.objectId !== id || isDone)) continue;
    const left = await ports.azure.directory.purgeApplication(id, uniqueName, turn.signal);
    if (!left) continue;
    const name = `The application ${uniqueName}, which was deleted before,`;
    report({ kind: "note", level: "warning", text: leftText(name, left) });
  }
}

/**
 * This is still a success: nobody can sign in as the application any longer.
 * @param name how the application is named in a sentence
 */
function leftText(name: string, { url, because }: LeftDeleted): string {
  const why = because.message.replace(/\.$/, "");
  return `${name} could not be deleted permanently: ${why}. For 30 days it keeps its name and can be restored. Until then, setup needs a caller who may see deleted applications, or an Application Administrator has to delete it first: az rest --method DELETE --url ${url}`;
}

/** Notes a failure that concerns this one thing, and throws one that concerns the whole run. */
async function tryTo(
  id: string,
  kind: "key" | "role-assignment" | "application",
  { records, turn }: AzureRemoval,
  work: () => Promise<void>,
): Promise<ActionableError | undefined> {
  await turn.ensureHeld();
  try {
    records.wrote = true;
    await work();
    return undefined;
  } catch (error) {
    if (!isFailureOfOne(error, turn.signal)) throw error;
    records.fail({ kind, id }, error);
    return error;
  }
}
