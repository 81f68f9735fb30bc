import type { KubernetesObject } from "../world.ts";
import { objectsAt, textAt } from "./json.ts";
import type { ResourceStrategy } from "./resource-definition.ts";

/** Service accounts. Only the names of their secrets are kept. */
export const serviceAccountStrategy: ResourceStrategy = {
  prepareForCreate: withSecretNames,
  prepareForUpdate: withSecretNames,
  validate: () => [],
  validateUpdate: () => [],
};

function withSecretNames(object: KubernetesObject): KubernetesObject {
  const secrets = objectsAt(object, "secrets").map((secret) => ({ name: textAt(secret, "name") }));
  return secrets.length > 0 ? { ...object, secrets } : object;
}
