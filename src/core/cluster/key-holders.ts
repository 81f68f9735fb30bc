import type { Application, PasswordCredential } from "../../domain/identity.ts";
import { credentialsIn, isOfApplication, type PullSecret } from "../../domain/pull-secret.ts";
import { keyOrigin } from "../../domain/ownership.ts";

/**
 * The secrets that hold each key of an application: by their bytes, by a mark that names the key as in use or on its
 * way out, or by the pending mark of the run that makes it.
 * @param now a key that ended before this time pulls nothing, whoever holds it, and counts by its mark alone
 * @returns the secrets, by key id
 */
export function keyHolders(
  secrets: readonly PullSecret[],
  application: Pick<Application, "appId" | "passwords">,
  now: Date,
): ReadonlyMap<string, readonly PullSecret[]> {
  const holders = new Map<string, PullSecret[]>();
  for (const secret of secrets) {
    const isNamed = namedBy(secret);
    const byBytes = new Set(keysByBytes(secret, application, now));
    for (const key of application.passwords) {
      if (!isNamed(key) && !byBytes.has(key)) continue;
      const known = holders.get(key.keyId);
      if (known) known.push(secret);
      else holders.set(key.keyId, [secret]);
    }
  }
  return holders;
}

/**
 * Ids of the keys that secrets hold: those of the application by their bytes, and every key that a mark names as in
 * use or on its way out. A pending mark makes no holder: the run that takes the mark over removes the key.
 * @param now a key that ended before this time pulls nothing, whoever holds it, and counts by its mark alone
 */
export function heldKeyIds(
  secrets: readonly PullSecret[],
  application: Pick<Application, "appId" | "passwords">,
  now: Date,
): Set<string> {
  const byBytes = secrets.flatMap((secret) => keysByBytes(secret, application, now));
  return new Set([...byBytes.map(({ keyId }) => keyId), ...secrets.flatMap(idsInMarks)]);
}

/** Whether a mark of a secret names a key: as in use, as on its way out, or by the operation that may have made it. */
export function namedBy(secret: PullSecret): (key: PasswordCredential) => boolean {
  const ids = new Set(idsInMarks(secret));
  const operations = new Set(
    Object.values(secret.marks).flatMap(({ pending }) =>
      pending ? [pending.operation, ...(pending.sweep ?? [])] : [],
    ),
  );
  return (key) => ids.has(key.keyId) || operations.has(keyOrigin(key)?.operation ?? "");
}

function idsInMarks(secret: PullSecret): string[] {
  return Object.values(secret.marks)
    .flatMap(({ keyId, retire }) => [keyId, retire?.keyId])
    .filter((keyId) => typeof keyId === "string");
}

/**
 * Keys that have not ended and whose first characters match a password of the application in the secret, whoever
 * wrote it and for whatever host. A key without first characters in the directory may be any password that matches no
 * other key.
 */
function keysByBytes(
  secret: PullSecret,
  { appId, passwords }: Pick<Application, "appId" | "passwords">,
  now: Date,
): PasswordCredential[] {
  const texts = credentialsIn(secret)
    .filter((credential) => isOfApplication(credential, appId))
    .map(({ password }) => password.reveal());
  const begins = (text: string) =>
    passwords.filter(({ hint }) => hint !== undefined && text.startsWith(hint));
  const unexplained = texts.some((text) => begins(text).length === 0);
  const byHint = new Set(texts.flatMap(begins));
  return passwords.filter(
    (key) =>
      (key.endDateTime === undefined || key.endDateTime > now) &&
      (key.hint === undefined ? unexplained : byHint.has(key)),
  );
}
