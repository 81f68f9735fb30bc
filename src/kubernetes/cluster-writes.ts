import type { V1Namespace, V1Secret, V1ServiceAccount, V1Status } from "@kubernetes/client-node";
import type { SecretChange, SecretObject, ServiceAccountObject } from "../domain/kubernetes-objects.ts";
import { fieldManager } from "../domain/ownership.ts";
import type { Write } from "./kubernetes-calls.ts";
import { secretBody, secretPatch } from "./kubernetes-objects.ts";

/** Every write of an object is checked strictly and names its field manager. */
const query = { fieldManager, fieldValidation: "Strict" };

/** Making a namespace. */
export function namespaceCreation(context: string, name: string): Write<V1Namespace> {
  const body = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
  return {
    request: { context, verb: "create", resource: "namespaces", name },
    call: (core, dryRun, options) => core.createNamespace({ body, ...query, ...told(dryRun) }, options),
  };
}

/** Making a secret. */
export function secretCreation(
  context: string,
  secret: { readonly namespace: string; readonly name: string; readonly type: string } & SecretChange,
): Write<V1Secret> {
  const { namespace, name } = secret;
  return {
    request: { context, verb: "create", resource: "secrets", namespace, name },
    call: (core, dryRun, options) =>
      core.createNamespacedSecret(
        { namespace, body: secretBody(secret), ...query, ...told(dryRun) },
        options,
      ),
  };
}

/** Changing a secret in place, if it still has this resource version. */
export function secretChange(
  context: string,
  { namespace, name, resourceVersion }: Pick<SecretObject, "namespace" | "name" | "resourceVersion">,
  change: SecretChange,
): Write<V1Secret> {
  const body = secretPatch(resourceVersion, change);
  return {
    request: { context, verb: "patch", resource: "secrets", namespace, name },
    call: (core, dryRun, options) =>
      core.patchNamespacedSecret({ namespace, name, body, ...query, ...told(dryRun) }, options),
  };
}

/** Deleting a secret, if it is still the same one in this version. */
export function secretDeletion(
  context: string,
  { namespace, name, ...version }: Pick<SecretObject, "namespace" | "name" | "uid" | "resourceVersion">,
): Write<V1Secret | V1Status> {
  const { uid, resourceVersion } = version;
  return {
    request: { context, verb: "delete", resource: "secrets", namespace, name },
    async call(core, dryRun, options) {
      // Of a deletion with a body the options are read from that alone, and its query says nothing:
      // https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/handlers/delete.go
      // A rehearsal says it there too: where a proxy drops the body, the query is all that is left.
      const body = { preconditions: { uid, resourceVersion }, ...(dryRun && { dryRun: [dryRun] }) };
      await core.deleteNamespacedSecret({ namespace, name, body, ...told(dryRun) }, options);
      // The client reads a Status, whatever the answer is.
      return options.answer() as V1Secret | V1Status;
    },
  };
}

/** Replacing a service account's list of pull secrets, if it still has this resource version. */
export function accountChange(
  context: string,
  { namespace, name, resourceVersion }: Pick<ServiceAccountObject, "namespace" | "name" | "resourceVersion">,
  imagePullSecrets: readonly string[],
): Write<V1ServiceAccount> {
  const body = {
    metadata: { resourceVersion },
    imagePullSecrets: imagePullSecrets.map((secret) => ({ name: secret })),
  };
  return {
    request: { context, verb: "patch", resource: "serviceaccounts", namespace, name },
    call: (core, dryRun, options) =>
      core.patchNamespacedServiceAccount({ namespace, name, body, ...query, ...told(dryRun) }, options),
  };
}

function told(dryRun: "All" | undefined): { readonly dryRun?: "All" } {
  return dryRun === undefined ? {} : { dryRun };
}
