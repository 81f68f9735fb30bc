import { createHash, randomBytes } from "node:crypto";
import { refused, type ActionableError } from "./errors.ts";
import { isTooDeep } from "./nesting.ts";
import { requestedRoles, type RequestedRole } from "./role.ts";

/*
 * All that acr-pull knows of one registry in one cluster: an installation. It holds no password: that stands in the
 * targets alone, and is recognised there by its hash.
 */

/** A password of the installation's identity, and what is known of it. */
export interface Key {
  /** Saved before the key is made: by it the key is found if the answer is lost. */
  readonly name: string;
  /** When the name was saved, RFC 3339. */
  readonly namedAt: string;
  /** Undefined until it is made. */
  readonly id?: string;
  readonly madeAt?: string;
  readonly expiresAt?: string;
  /** Of its password. */
  readonly sha256?: string;
  /** Whether it is the one that targets are to hold. At most one is. */
  readonly current?: true;
  /** After this time it may go, RFC 3339. Absent while it is current, being handed out, or waited for by a target. */
  readonly retireAfter?: string;
  /** Somebody else may know it: it goes without grace, and every command says so until it is gone. */
  readonly leaked?: true;
}

/** A key that exists, not only its name. */
export type MadeKey = Key & Required<Pick<Key, "id" | "madeAt" | "expiresAt" | "sha256">>;

/** A secret that holds the password, and the service accounts that name it. */
export interface StateTarget {
  readonly namespace: string;
  readonly secret: string;
  readonly serviceAccounts: readonly string[];
}

/** Who pulls, as far as it was made. */
export interface IdentityRecord {
  readonly kind: "service-principal";
  /** Its object id. */
  readonly id?: string;
  /** The name that nodes sign in with. */
  readonly userName?: string;
  readonly displayName?: string;
}

/** What the identity may do with the registry. */
export interface GrantedRole {
  readonly name: RequestedRole;
  /** Empty for the whole registry. */
  readonly repositories: readonly string[];
}

/** The content of a state. */
export interface State {
  readonly version: 1;
  /** A random number that stands nowhere else. */
  readonly seed: string;
  /** `metadata.uid` of the secret that holds it. Another one's is a copy. Absent in a file, and until the second save. */
  readonly uid?: string;
  readonly registry: {
    /** Resource id; absent if Azure was never asked for it. */
    readonly id?: string;
    readonly loginServer: string;
  };
  readonly identity: IdentityRecord;
  /** Absent if Azure was never asked to grant one. */
  readonly role?: GrantedRole;
  /** In the order in which they were named. None if the password was given: that one is neither hashed nor renewed. */
  readonly keys: readonly Key[];
  readonly targets: readonly StateTarget[];
  /** What was made in Azure is being removed: its names are not used again. */
  readonly removing?: true;
}

/** A seed for a new installation. */
export function newSeed(): string {
  return randomBytes(32).toString("base64url");
}

/** The installation's id. Nobody can have known it before, so what bears it is its own. */
export function installationId({ seed }: Pick<State, "seed">): string {
  return sha256(seed).slice(0, 40);
}

/** The unique name of the application of an installation. */
export function uniqueNameOf(id: string): string {
  return `acr-pull-${id}`;
}

/** A name for a key that is to be made. */
export function newKeyName(id: string): string {
  return `acr-pull/${id}/${randomBytes(12).toString("hex")}`;
}

/** Whether a key's name says that it was made for the installation. */
export function bearsId(keyName: string | undefined, id: string): boolean {
  return keyName?.startsWith(`acr-pull/${id}/`) ?? false;
}

/** The hash by which a password is recognised. */
export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** `namespace/secret` */
export function placeOf({ namespace, secret }: Pick<StateTarget, "namespace" | "secret">): string {
  return `${namespace}/${secret}`;
}

/** Whether the key exists. */
export function isMade(key: Key | undefined): key is MadeKey {
  return key?.id !== undefined;
}

/** The key that targets are to hold; undefined before the first. */
export function currentKey(keys: readonly Key[]): MadeKey | undefined {
  return keys.filter(isMade).find(({ current }) => current);
}

/** A key that was made to succeed the current one, and is being handed out; undefined if none is. */
export function successor(keys: readonly Key[]): MadeKey | undefined {
  const afterCurrent = keys.slice(keys.findIndex(({ current }) => current) + 1);
  return afterCurrent.filter(isMade).findLast(({ retireAfter, leaked }) => !retireAfter && !leaked);
}

/** Keys that targets still hold because their successor could not be written there. */
export function waitedFor(keys: readonly Key[]): readonly MadeKey[] {
  const beforeCurrent = keys.slice(
    0,
    Math.max(
      0,
      keys.findIndex(({ current }) => current),
    ),
  );
  return beforeCurrent.filter(isMade).filter(({ retireAfter, leaked }) => !retireAfter && !leaked);
}

/** Keys whose time is over, by the time given: their grace, or their life. The current one is never among them. */
export function ripeKeys(keys: readonly Key[], now: Date): readonly MadeKey[] {
  return keys
    .filter(isMade)
    .filter((key) => !key.current && (isOver(key.retireAfter, now) || isOver(key.expiresAt, now)));
}

/** Whether a time has come. */
export function isOver(time: string | undefined, now: Date): boolean {
  return time !== undefined && Date.parse(time) <= now.getTime();
}

const dayMs = 86_400_000;

/** Without the names that no key got: what Entra does not show for a day does not exist. */
export function withoutOldNames(keys: readonly Key[], now: Date): readonly Key[] {
  return keys.filter((key) => isMade(key) || now.getTime() - Date.parse(key.namedAt) < dayMs);
}

/** The keys without one of them. */
export function withoutKey(keys: readonly Key[], name: string): readonly Key[] {
  return keys.filter((key) => key.name !== name);
}

/** The targets with these as well: a secret keeps the service accounts that it had. */
export function withTargets(
  targets: readonly StateTarget[],
  more: readonly StateTarget[],
): readonly StateTarget[] {
  const all = new Map(targets.map((target) => [placeOf(target), target]));
  for (const target of more) {
    const known = all.get(placeOf(target))?.serviceAccounts ?? [];
    const serviceAccounts = [...new Set([...known, ...target.serviceAccounts])];
    all.set(placeOf(target), { ...target, serviceAccounts });
  }
  return [...all.values()];
}

/** The text that is saved. */
export function formatState(state: State): string {
  return JSON.stringify(state);
}

/**
 * Reads a state. It is believed later, so its form is checked whole.
 * @param place where it lies, for the message
 * @throws ActionableError `state.newer`, `state.malformed`, exit 2: it is never guessed at, and never written again
 */
export function parseState(text: string, place: string): State {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed(place);
  }
  if (!isRecord(value) || isTooDeep(value)) throw malformed(place);
  const { version } = value;
  if (typeof version === "number" && version > 1)
    throw refused(
      "state.newer",
      `The state in ${place} was written by a newer version of acr-pull.`,
      "Use that version or a later one.",
    );
  if (!isState(value)) throw malformed(place);
  return value;
}

function malformed(place: string): ActionableError {
  return refused(
    "state.malformed",
    `The state in ${place} cannot be read: it is not what acr-pull wrote.`,
    "Restore it from a backup. Or delete it and run setup with --adopt and --service-principal: the entries of its targets name the application.",
  );
}

function isState(value: Record<string, unknown>): value is Record<string, unknown> & State {
  const { version, seed, uid, registry, identity, role, keys, targets, removing } = value;
  return (
    version === 1 &&
    typeof seed === "string" &&
    seed.length >= 32 &&
    isTextOrAbsent(uid) &&
    isRecord(registry) &&
    isTextOrAbsent(registry["id"]) &&
    typeof registry["loginServer"] === "string" &&
    isRecord(identity) &&
    identity["kind"] === "service-principal" &&
    ["id", "userName", "displayName"].every((name) => isTextOrAbsent(identity[name])) &&
    (role === undefined || isRole(role)) &&
    isListOf(keys, isKey) &&
    keys.filter((key) => isRecord(key) && key["current"]).length <= 1 &&
    isListOf(targets, isTarget) &&
    isTrueOrAbsent(removing)
  );
}

function isRole(value: unknown): boolean {
  return (
    isRecord(value) &&
    requestedRoles.some((name) => name === value["name"]) &&
    isListOf(value["repositories"], isText)
  );
}

function isKey(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { name, namedAt, id, madeAt, expiresAt, sha256: hash, current, retireAfter, leaked } = value;
  const made = [id, madeAt, expiresAt, hash];
  return (
    isText(name) &&
    isTime(namedAt) &&
    (made.every((part) => part === undefined) ||
      (isText(id) && isTime(madeAt) && isTime(expiresAt) && isText(hash))) &&
    isTrueOrAbsent(current) &&
    (retireAfter === undefined || isTime(retireAfter)) &&
    isTrueOrAbsent(leaked)
  );
}

function isTarget(value: unknown): boolean {
  return (
    isRecord(value) &&
    isText(value["namespace"]) &&
    isText(value["secret"]) &&
    isListOf(value["serviceAccounts"], isText)
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isListOf(value: unknown, isOne: (item: unknown) => boolean): value is readonly unknown[] {
  return Array.isArray(value) && value.every(isOne);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === "string";
}

function isTrueOrAbsent(value: unknown): boolean {
  return value === undefined || value === true;
}

function isTime(value: unknown): boolean {
  return typeof value === "string" && !Number.isNaN(Date.parse(value));
}
