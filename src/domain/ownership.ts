import { createHash } from "node:crypto";
import type { Application, PasswordCredential } from "./identity.ts";
import type { SecretObject, ServiceAccountObject } from "./kubernetes-objects.ts";
import { isGuid } from "./names.ts";
import { requestedRoles, type RequestedRole } from "./role.ts";

/*
 * What is ours, and how we know it again: names of applications and keys, and the marks on secrets. Labels and
 * annotations are a published contract.
 */

export const managedLabel = "acr-pull/managed";
/** Selects the secrets that carry it. */
export const managedSelector = `${managedLabel}=true`;
export const entriesAnnotation = "acr-pull/entries";
/** The name that `setup` gives a secret when none was asked for. */
export const usualSecretName = "acr-secret";
export const managedByLabel = "app.kubernetes.io/managed-by";
export const managedByValue = "acr-pull";
/** For people who search their tenant, and for `status`, which does; it proves nothing, so nothing trusts it. */
export const applicationTag = "acr-pull";
/** Every write to a cluster names it. */
export const fieldManager = "acr-pull";

/** To whom the API server gives fields of those who wrote longest ago, when more than ten have written an object. */
const forgottenManager = "ancient-changes";

/**
 * Who wrote a service account's list of pull secrets as it is, by the API server's record. `unknown` where it keeps none,
 * as of an account that was made without a list, or has forgotten who it was.
 */
export function listWriter({
  listManagers,
}: Pick<ServiceAccountObject, "listManagers">): "acr-pull" | "others" | "unknown" {
  const known = listManagers.filter((manager) => manager !== forgottenManager);
  if (known.some((manager) => manager !== fieldManager)) return "others";
  return known.length > 0 && known.length === listManagers.length ? "acr-pull" : "unknown";
}

/** The unique name of the application of one registry and one cluster. */
export function applicationUniqueName(loginServer: string, clusterId: string): string {
  const hash = createHash("sha256")
    .update(`${loginServer.toLowerCase()}\n${clusterId.toLowerCase()}`)
    .digest("hex");
  return `acr-pull-${hash.slice(0, 40)}`;
}

/** Whether it is the unique name of some cluster's application, for whatever registry. */
export function isUniqueName(name: string | undefined): boolean {
  return name !== undefined && /^acr-pull-[0-9a-f]{40}$/.test(name);
}

/** The display name an application gets when none was asked for. */
export function applicationDisplayName(registryName: string, clusterId: string): string {
  return `acr-pull-${registryName}-${clusterId.slice(0, 8)}`;
}

/** The display name of a key: whose cluster, and which operation made it. */
export function keyDisplayName(clusterId: string, operation: string): string {
  return `acr-pull/${clusterId}/${operation}`;
}

/** The cluster and operation of a key that carries our display name. */
export function keyOrigin(key: PasswordCredential): { clusterId: string; operation: string } | undefined {
  const groups = /^acr-pull\/(?<clusterId>[^/]+)\/(?<operation>[^/]+)$/.exec(key.displayName ?? "")?.groups;
  return groups ? { clusterId: groups["clusterId"] ?? "", operation: groups["operation"] ?? "" } : undefined;
}

/** Whether a key was made by acr-pull for this cluster. */
export function isKeyOf(key: PasswordCredential, clusterId: string): boolean {
  return keyOrigin(key)?.clusterId === clusterId;
}

/** The keys of an application that were made for other clusters: its role is theirs too. */
export function keysOfOtherClusters(application: Application, clusterId: string): PasswordCredential[] {
  return application.passwords.filter((key) => {
    const origin = keyOrigin(key);
    return origin !== undefined && origin.clusterId !== clusterId;
  });
}

/** The process that holds a pending mark, so that one machine can tell at once that it is gone. */
export interface MarkHolder {
  readonly host: string;
  readonly boot: string;
  /**
   * The namespace of its process number, on Linux. Absent in older marks: whose numbers they count by is not known.
   */
  readonly pidNamespace?: string;
  readonly pid: number;
  /** When the process started, as its system says it: a number is given again. Absent in older marks. */
  readonly start?: string;
}

/** A run in progress that makes or removes a key. Written before the key, so that no key is ever unknown. */
export interface PendingMark {
  readonly operation: string;
  readonly holder: MarkHolder;
  /** Server time, RFC 3339. */
  readonly renewedAt: string;
  /** Operations that may have left a key behind: their keys are removed before this mark is. */
  readonly sweep?: readonly string[];
  /** Of a removal: no other command goes on with it. */
  readonly removes?: boolean;
  /**
   * Object id of the application that the run deletes: among the deleted, where it keeps its unique name until it is
   * deleted for good, most callers find it by nothing else.
   */
  readonly deletes?: string;
}

/** A key on its way out, as `rotate` records it in a secret that held it. */
export interface RetireMark {
  /** Null when the password was given by hand and its id could not be told. */
  readonly keyId: string | null;
  /** Not retired before this time of the cluster; RFC 3339 in UTC. */
  readonly after: string;
  /** Why it goes, where that is no renewal: a rotation that is taken back, or a key that leaked. */
  readonly why?: "abort" | "compromised";
}

/** What one secret says of one login server. While a first key is being made only `pending` is known. */
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
    // It stands in commands that are suggested.
    (appId === undefined || (typeof appId === "string" && isGuid(appId))) &&
    (keyId === undefined || keyId === null || isName(keyId)) &&
    (expiresAt === undefined || expiresAt === null || isTime(expiresAt)) &&
    (role === undefined || requestedRoles.some((known) => known === role)) &&
    (pending === undefined || isPendingMark(pending)) &&
    (retire === undefined || isRetireMark(retire))
  );
}

/** A text that we could have written: in one line. */
function isName(value: unknown): value is string {
  return typeof value === "string" && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(value);
}

/** A time that every JavaScript date and RFC 3339 can tell. */
function isTime(value: unknown): value is string {
  if (!isName(value)) return false;
  const year = new Date(value).getUTCFullYear();
  return year >= 0 && year <= 9999;
}

function isRetireMark(value: unknown): value is RetireMark {
  if (!isRecord(value)) return false;
  const { keyId, after, why } = value;
  return (
    (keyId === null || isName(keyId)) &&
    isTime(after) &&
    (why === undefined || why === "abort" || why === "compromised")
  );
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
    // It stands in a request's path.
    (deletes === undefined || (typeof deletes === "string" && isGuid(deletes)))
  );
}

/** Whether a secret carries our label. */
export function isManaged({ labels }: Pick<SecretObject, "labels">): boolean {
  return labels[managedLabel] === "true";
}

/** The annotation's text for these marks, hosts in order so that equal marks are equal texts. */
export function formatMarks(marks: EntryMarks): string {
  const sorted = Object.entries(marks).sort(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify(Object.fromEntries(sorted));
}

/**
 * The controller that writes a secret by itself and would undo our write: by owner references, labels,
 * annotations or field managers. `undefined` when nobody does, as far as that is known: see hasForgottenWriters.
 */
export function reconcilerOf(secret: SecretObject): string | undefined {
  const [owner] = secret.ownerReferences;
  if (owner) return `${owner.kind} ${owner.name}`;
  const { labels, annotations } = secret;
  const keys = [...Object.keys(labels), ...Object.keys(annotations)];
  const markedBy = reconcilers.find(({ keyPrefixes }) =>
    keys.some((key) => keyPrefixes.some((prefix) => key.startsWith(prefix))),
  );
  if (markedBy) return markedBy.name;
  if (labels[managedByLabel] === "Helm") return "Helm";
  const byManager = reconcilers.find(({ managers }) =>
    secret.managers.some((manager) =>
      managers.some((name) => manager === name || manager.startsWith(`${name}-`)),
    ),
  );
  return byManager?.name;
}

/** Whether more have written a secret than the API server tells apart: then a reconciler may be among the forgotten. */
export function hasForgottenWriters({ managers }: Pick<SecretObject, "managers">): boolean {
  return managers.includes(forgottenManager);
}

/** Marks and field managers that these controllers leave on what they write, from their own documentation. */
const reconcilers = [
  {
    name: "Argo CD",
    keyPrefixes: ["argocd.argoproj.io/"],
    managers: ["argocd", "argocd-controller", "argocd-application-controller"],
  },
  {
    name: "Flux",
    keyPrefixes: ["kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/"],
    managers: ["kustomize-controller", "helm-controller"],
  },
  { name: "Helm", keyPrefixes: ["meta.helm.sh/"], managers: ["helm"] },
  {
    name: "External Secrets",
    keyPrefixes: ["reconcile.external-secrets.io/"],
    managers: ["external-secrets"],
  },
  { name: "Sealed Secrets", keyPrefixes: [], managers: ["sealed-secrets", "sealedsecrets"] },
  { name: "reflector", keyPrefixes: ["reflector.v1.k8s.emberstack.com/"], managers: ["reflector"] },
  {
    name: "kubernetes-replicator",
    keyPrefixes: ["replicator.v1.mittwald.de/replicated"],
    managers: ["replicator"],
  },
  { name: "Kyverno", keyPrefixes: ["generate.kyverno.io/"], managers: ["kyverno"] },
  { name: "registry-creds", keyPrefixes: ["ops.alexellis.io/"], managers: [] },
  {
    name: "imagepullsecret-patcher",
    keyPrefixes: ["k8s.titansoft.com/"],
    managers: ["imagepullsecret-patcher"],
  },
] as const;
