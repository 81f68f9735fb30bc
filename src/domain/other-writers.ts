import type { SecretObject, ServiceAccountObject } from "./kubernetes-objects.ts";
import { fieldManager } from "./ownership.ts";

/* Who else writes an object, according to its field managers. */

/** When more than ten managers have written an object, the API server records the oldest ones under this name. */
const forgottenManager = "ancient-changes";

/**
 * Who wrote a service account's list of pull secrets, according to the API server's record. `unknown` if there is no
 * record, as for an account that was made without a list, or if the record no longer says.
 */
export function listWriter({
  listManagers,
}: Pick<ServiceAccountObject, "listManagers">): "acr-pull" | "others" | "unknown" {
  const known = listManagers.filter((manager) => manager !== forgottenManager);
  if (known.some((manager) => manager !== fieldManager)) return "others";
  return known.length > 0 && known.length === listManagers.length ? "acr-pull" : "unknown";
}

/** Whether the API server no longer names everybody who wrote a secret: a reconciler may be among the forgotten. */
export function hasForgottenWriters({ managers }: Pick<SecretObject, "managers">): boolean {
  return managers.includes(forgottenManager);
}
