import type { SecretChange, SecretObject, ServiceAccountObject } from "../domain/kubernetes-objects.ts";
import { fieldManager } from "../domain/ownership.ts";
import type { Write } from "./kubernetes-calls.ts";
import { secretBody, secretPatch } from "./kubernetes-objects.ts";

/** Every write of an object is checked strictly and names its field manager. */
const query = { fieldManager, fieldValidation: "Strict" };

/** Making a namespace. */
export function namespaceCreation(context: string, name: string): Write {
  return {
    request: { context, verb: "create", resource: "namespaces", name },
    query,
    body: { apiVersion: "v1", kind: "Namespace", metadata: { name } },
  };
}

/** Making a secret. */
export function secretCreation(
  context: string,
  secret: { readonly namespace: string; readonly name: string; readonly type: string } & SecretChange,
): Write {
  const { namespace, name } = secret;
  return {
    request: { context, verb: "create", resource: "secrets", namespace, name },
    query,
    body: secretBody(secret),
  };
}

/** Changing a secret in place, if it still has this resource version. */
export function secretChange(
  context: string,
  { namespace, name, resourceVersion }: Pick<SecretObject, "namespace" | "name" | "resourceVersion">,
  change: SecretChange,
): Write {
  return {
    request: { context, verb: "patch", resource: "secrets", namespace, name },
    query,
    body: secretPatch(resourceVersion, change),
  };
}

/** Deleting a secret, if it is still the same one in this version. */
export function secretDeletion(
  context: string,
  { namespace, name, ...version }: Pick<SecretObject, "namespace" | "name" | "uid" | "resourceVersion">,
): Write {
  const { uid, resourceVersion } = version;
  return {
    request: { context, verb: "delete", resource: "secrets", namespace, name },
    body: { preconditions: { uid, resourceVersion } },
  };
}

/** Replacing a service account's list of pull secrets, if it still has this resource version. */
export function accountChange(
  context: string,
  { namespace, name, resourceVersion }: Pick<ServiceAccountObject, "namespace" | "name" | "resourceVersion">,
  imagePullSecrets: readonly string[],
): Write {
  return {
    request: { context, verb: "patch", resource: "serviceaccounts", namespace, name },
    query,
    body: {
      metadata: { resourceVersion },
      imagePullSecrets: imagePullSecrets.map((secret) => ({ name: secret })),
    },
  };
}
