import type { Application } from "../../domain/identity.ts";
import type { SecretObject } from "../../domain/kubernetes-objects.ts";
import { readableMarks } from "../../domain/ownership.ts";
import { credentialsIn } from "./holders.ts";

/**
 * Ids of the keys that secrets hold: those that any mark names, as in use or on its way out, and those of the
 * application whose first characters some password of it has, whoever wrote that entry and for whatever host.
 * @param now a key that has ended pulls nothing, whoever holds it, and counts by its mark alone
 */
export function heldKeyIds(
  secrets: readonly SecretObject[],
  { appId, passwords }: Pick<Application, "appId" | "passwords">,
  now: Date,
): Set<string> {
  const named = secrets.flatMap((secret) =>
    Object.values(readableMarks(secret)).flatMap(({ keyId, retire }) => [keyId, retire?.keyId]),
  );
  const texts = secrets
    .flatMap(credentialsIn)
    // Entra takes an id in any letter case.
    .filter(({ username }) => username.toLowerCase() === appId.toLowerCase())
    .map(({ password }) => password.reveal());
  const held = passwords
    .filter(({ hint }) => hint !== undefined && texts.some((text) => text.startsWith(hint)))
    .filter(({ endDateTime }) => endDateTime === undefined || endDateTime > now)
    .map(({ keyId }) => keyId);
  return new Set([...held, ...named.filter((keyId) => typeof keyId === "string")]);
}
