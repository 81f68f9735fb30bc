import { createHash } from "node:crypto";
import type { Application, PasswordCredential } from "./identity.ts";
import type { SecretObject } from "./kubernetes-objects.ts";
import { isGuid } from "./names.ts";
import { requestedRoles, type RequestedRole } from "./role.ts";

/*
 * How acr-pull recognises what it made: names of applications and keys, and the marks on secrets. Labels and
 * annotations are a published contract.
 */

export const managedLabel = "acr-pull/managed";
/** Selects the secrets that carry the label. */
export const managedSelector = `${managedLabel}=true`;
export const entriesAnnotation = "acr-pull/entries";
export const managedByLabel = "app.kubernetes.io/managed-by";
export const managedByValue = "acr-pull";
/** Lets people and `status` search the tenant. Anybody can set it, so nothing trusts it. */
export const applicationTag = "acr-pull";
/** Every write to a cluster names it. */
export const fieldManager = "acr-pull";

/** The unique name of the application of one registry and one cluster. */
export function applicationUniqueName(loginServer: string, clusterId: string): string {
  const hash = createHash("sha256")
    .update(`${loginServer.toLowerCase()}\n${clusterId.toLowerCase()}`)
    .digest("hex");
  return `acr-pull-${hash.slice(0, 40)}`;
}

/** Whether it is a unique name that acr-pull gives the application of some cluster and registry. */
export function isUniqueName(name: string | undefined): boolean {
  return name !== undefined && /^acr-pull-[0-9a-f]{40}$/.test(name);
}

/** The default display name of an application. */
export function applicationDisplayName(registryName: string, clusterId: string): string {
  return `acr-pull-${registryName}-${clusterId.slice(0, 8)}`;
}

/** The display name of a key: the cluster that it is for, and the operation that made it. */
export function keyDisplayName(clusterId: string, operation: string): string {
  return `acr-pull/${clusterId}/${operation}`;
}

/** The cluster and operation in a key's display name; undefined if acr-pull did not name it. */
export function keyOrigin(key: PasswordCredential): { clusterId: string; operation: string } | undefined {
  const groups = /^acr-pull\/(?<clusterId>[^/]+)\/(?<operation>[^/]+)$/.exec(key.displayName ?? "")?.groups;
  return groups ? { clusterId: groups["clusterId"] ?? "", operation: groups["operation"] ?? "" } : undefined;
}

/** Whether a key was made by acr-pull for this cluster. */
export function isKeyOf(key: PasswordCredential, clusterId: string): boolean {
  return keyOrigin(key)?.clusterId === clusterId;
}

/** The keys of an application that were made for other clusters, which use its role too. */
export function keysOfOtherClusters(application: Application, clusterId: string): PasswordCredential[] {
  return application.passwords.filter((key) => {
    const origin = keyOrigin(key);
    return origin !== undefined && origin.clusterId !== clusterId;
  });
}

/** The process that holds a pending mark. Another run on the same machine can tell at once that it is gone. */
export interface MarkHolder {
  readonly host: string;
  readonly boot: string;
  /** The namespace of its process number, on Linux. Absent in older marks: then the namespace is not known. */
  readonly pidNamespace?: string;
  readonly pid: number;
  /** When the process started, in the system's own form: numbers are reused. Absent in older marks. */
  readonly start?: string;
}

/** The mark of a run that makes or removes a key. It is written before the key is made, so that no key gets lost. */
export interface PendingMark {
  readonly operation: string;
  readonly holder: MarkHolder;
  /** Server time, RFC 3339. */
  readonly renewedAt: string;
  /** Operations that may have left a key behind. Their keys are removed before this mark. */
  readonly sweep?: readonly string[];
  /** Set by a removal: no other command may continue it. */
  readonly removes?: boolean;
  /**
   * Object id of the application that the run deletes. A deleted application keeps its unique name until it is deleted
   * for good, and most callers can find it only by this id.
   */
  readonly deletes?: string;
}

/** A key that is to be retired, as `rotate` records it in a secret that held it. */
export interface RetireMark {
  /** Null if the password was given by hand and its id is not known. */
  readonly keyId: string | null;
  /** Not to be retired before this time, by the cluster's clock; RFC 3339 in UTC. */
  readonly after: string;
  /** Absent for a renewal. */
  readonly why?: "compromised";
}

/** What a secret records of one login server. While its first key is being made, only `pending` is set. */
export interface EntryMark {
  /** The registry's resource id. */
  readonly registry: string;
  readonly clusterId: string;
  readonly appId?: string;
  readonly keyId?: string | null;
  /** RFC 3339 in UTC. */
  readonly expiresAt?: string | null;
  readonly role?: RequestedRole;
  readonly pending?: PendingMark;
  readonly retire?: RetireMark;
}

/** The marks of a secret, by login server in lower case. */
export type EntryMarks = Readonly<Record<string, EntryMark>>;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value of the annotation is a mark as acr-pull writes it. */
export function isEntryMark(value: unknown): value is EntryMark {
  if (!isRecord(value)) return false;
  const { registry, clusterId, appId, keyId, expiresAt, role, pending, retire } = value;
  return (
    isName(registry) &&
    isName(clusterId) &&
    // It becomes part of suggested commands.
    (appId === undefined || (typeof appId === "string" && isGuid(appId))) &&
    (keyId === undefined || keyId === null || isName(keyId)) &&
    (expiresAt === undefined || expiresAt === null || isTime(expiresAt)) &&
    (role === undefined || requestedRoles.some((known) => known === role)) &&
    (pending === undefined || isPendingMark(pending)) &&
    (retire === undefined || isRetireMark(retire))
  );
}

/** A text on one line, as acr-pull writes it. */
function isName(value: unknown): value is string {
  return typeof value === "string" && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(value);
}

/** A time that both a JavaScript date and RFC 3339 can express. */
function isTime(value: unknown): value is string {
  if (!isName(value)) return false;
  const year = new Date(value).getUTCFullYear();
  return year >= 0 && year <= 9999;
}

function isRetireMark(value: unknown): value is RetireMark {
  if (!isRecord(value)) return false;
  const { keyId, after, why } = value;
  return (keyId === null || isName(keyId)) && isTime(after) && (why === undefined || why === "compromised");
}

function isPendingMark(value: unknown): value is PendingMark {
  if (!isRecord(value) || !isRecord(value["holder"])) return false;
  const { operation, renewedAt, holder, sweep, removes, deletes } = value;
  return (
    typeof operation === "string" &&
    isTime(renewedAt) &&
    typeof holder["host"] === "string" &&
    typeof holder["boot"] === "string" &&
    typeof holder["pid"] === "number" &&
    [holder["pidNamespace"], holder["start"]].every(
      (field) => field === undefined || typeof field === "string",
    ) &&
    (sweep === undefined || (Array.isArray(sweep) && sweep.every((item) => typeof item === "string"))) &&
    (removes === undefined || typeof removes === "boolean") &&
    // It becomes part of a request's path.
    (deletes === undefined || (typeof deletes === "string" && isGuid(deletes)))
  );
}

/** Whether a secret carries our label. */
export function isManaged({ labels }: Pick<SecretObject, "labels">): boolean {
  return labels[managedLabel] === "true";
}

/** The annotation's text for these marks. Hosts are sorted, so that equal marks give equal texts. */
export function formatMarks(marks: EntryMarks): string {
  const sorted = Object.entries(marks).sort(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify(Object.fromEntries(sorted));
}
