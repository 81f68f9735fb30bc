import type { Application } from "../../domain/identity.ts";
import type { SecretObject } from "../../domain/kubernetes-objects.ts";
import { keyOrigin, readableMarks } from "../../domain/ownership.ts";
import { credentialsIn } from "./holders.ts";

/**
 * Which keys of an application some pull secret holds: by any entry of it that begins as the key does, by a mark that
 * names it as in use or on its way out, or by the pending mark of the run that makes it.
 * @param now a key that has ended by then pulls nothing, whoever holds it
 * @returns the secrets, by key id
 */
export function keyHolders(
  secrets: readonly SecretObject[],
  { appId, passwords }: Pick<Application, "appId" | "passwords">,
  now: Date,
): ReadonlyMap<string, readonly SecretObject[]> {
  const holders = new Map<string, SecretObject[]>();
  for (const secret of secrets) {
    const marks = Object.values(readableMarks(secret));
    const named = new Set(marks.flatMap(({ keyId, retire }) => [keyId, retire?.keyId]));
    const pending = new Set(
      marks.flatMap((mark) => (mark.pending ? [mark.pending.operation, ...(mark.pending.sweep ?? [])] : [])),
    );
    const held = credentialsIn(secret).filter(({ username }) => username === appId);
    for (const key of passwords) {
      const { keyId, hint, endDateTime } = key;
      const begins = hint !== undefined && held.some(({ password }) => password.reveal().startsWith(hint));
      const hasEnded = endDateTime !== undefined && endDateTime <= now;
      const isMade = pending.has(keyOrigin(key)?.operation ?? "");
      if (named.has(keyId) || isMade || (begins && !hasEnded)) {
        holders.set(keyId, [...(holders.get(keyId) ?? []), secret]);
      }
    }
  }
  return holders;
}
