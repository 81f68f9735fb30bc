import { sameId } from "./directory-records.ts";
import { entriesOf, isPullSecret, watchedMarks } from "./pull-secret-content.ts";
import type { ApplicationRecord, PasswordRecord, World } from "./world.ts";

/** A key that the program made, recognized by its display name `acr-pull/CLUSTER/OPERATION`. */
export interface TaggedKey {
  readonly appId: string;
  readonly keyId: string;
  readonly clusterId: string;
  readonly operation: string;
  readonly secretText: string;
}

/** Whether the password works: it and its application exist, and it has not expired. */
export function isLivingKey(application: ApplicationRecord, password: PasswordRecord, now: number): boolean {
  const { softDeleted, removedAt } = application;
  if (softDeleted || removedAt !== undefined || password.removedAt !== undefined) return false;
  return Date.parse(password.endDateTime) > now;
}

/** The key that a password's display name describes. Undefined if it is not the program's. */
export function taggedKey(
  { appId }: ApplicationRecord,
  { keyId, displayName, secretText }: PasswordRecord,
): TaggedKey | undefined {
  const groups = /^acr-pull\/(?<cluster>[^/]+)\/(?<operation>.*)$/.exec(displayName ?? "")?.groups;
  if (!groups) return undefined;
  const { cluster: clusterId = "", operation = "" } = groups;
  return { appId, keyId, clusterId, operation, secretText };
}

/**
 * Living keys of the program that nothing in a cluster refers to: no pull secret holds the password, no mark names
 * the key as one to retire, and no pending mark names the operation that made it.
 */
export function unknownKeys(world: World, now: number = Date.now()): TaggedKey[] {
  const held: Array<{ readonly username: string; readonly password: string }> = [];
  const retiring = new Set<string>();
  const operations = new Set<string>();
  for (const secret of world.clusters.flatMap(({ objects }) => objects["secrets"] ?? [])) {
    if (!isPullSecret(secret)) continue;
    held.push(...entriesOf(secret));
    for (const { pending, retire } of Object.values(watchedMarks(secret))) {
      if (typeof retire?.keyId === "string") retiring.add(retire.keyId);
      if (pending?.operation !== undefined) operations.add(pending.operation);
      for (const operation of pending?.sweep ?? []) operations.add(operation);
    }
  }
  const living = world.applications.flatMap((application) =>
    application.passwords.flatMap((password) => {
      const key = isLivingKey(application, password, now) ? taggedKey(application, password) : undefined;
      return key ? [key] : [];
    }),
  );
  return living.filter(
    ({ appId, keyId, operation, secretText }) =>
      !retiring.has(keyId) &&
      !operations.has(operation) &&
      !held.some(({ username, password }) => sameId(username, appId) && password === secretText),
  );
}
