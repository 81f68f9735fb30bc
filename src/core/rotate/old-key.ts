import { isOfApplication } from "../../domain/pull-secret.ts";
import type { Holder } from "../cluster/holders.ts";
import type { SeenKey, SeenKeys } from "./look.ts";

/* The key that secrets were changed over from, as the password shows that stands in them beside the new one. */

/**
 * The old key, by a password that stands beside the new one. Anybody who may write one of the secrets can put another
 * password there, so only one that signs in as this key shows which it is. One that does not sign in is believed only
 * if no other one does, and the directory does not list the key as living.
 */
export function oldKeyIn(
  changedOver: readonly Holder[],
  keyId: string | null,
  { keyOf, application, appId, now }: SeenKeys,
): SeenKey | undefined {
  const beside = changedOver.flatMap(({ second }) => (second ? [keyOf(second.password)] : []));
  const living = beside.filter(({ alive }) => alive);
  const mayLive = application.passwords.some(
    (key) => key.keyId === keyId && (key.endDateTime === undefined || key.endDateTime > now),
  );
  if (living.length === 0) return mayLive ? undefined : beside[0];
  return living.find(
    (key) => isOfApplication(key.credential, appId) && (keyId === null || key.keyId === keyId),
  );
}
