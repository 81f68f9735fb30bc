import type { ClusterRecord, KubernetesObject, SecretDenial } from "../world.ts";
import { objectAt, objectsAt, textAt, type JsonObject } from "./json.ts";
import type { ObjectStore } from "./object-store.ts";
import type { ResourceDefinition } from "./resource-definition.ts";
import { quotaExceeded } from "./resource-quota.ts";
import { forbidden, notFound, StatusError } from "./status.ts";

/*
 * The admission controllers whose refusals clients see: the lifecycle of namespaces, service accounts of pods, webhooks
 * and policies, and quotas.
 */

const systemNamespaces = new Set(["default", "kube-system", "kube-public"]);

/** What an admission controller decides on. */
export interface AdmissionRequest {
  readonly cluster: ClusterRecord;
  readonly store: ObjectStore;
  readonly definition: ResourceDefinition;
  readonly object: KubernetesObject;
}

function target(definition: ResourceDefinition): { group: string; resource: string } {
  return { group: "", resource: definition.plural };
}

/**
 * Checks, before a new object is completed, that its namespace exists and is not being deleted.
 * Source: https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/namespace/lifecycle/admission.go
 * @throws StatusError 404 that names the namespace, 403 if it is being deleted
 */
export function admitIntoNamespace({ store, definition, object }: AdmissionRequest): void {
  const { namespace, name } = object.metadata;
  if (!namespace) {
    return;
  }
  const home = store.find("namespaces", "", namespace);
  if (!home) {
    throw notFound({ group: "", resource: "namespaces" }, namespace);
  }
  if (home.metadata.deletionTimestamp) {
    throw forbidden(
      target(definition),
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
      [
        {
          reason: "NamespaceTerminating",
          message: `namespace ${namespace} is being terminated`,
          field: "metadata.namespace",
        },
      ],
    );
  }
}

/**
 * Gives a new pod its service account, and the account's pull secrets if it has none of its own.
 * Source: https://github.com/kubernetes/kubernetes/blob/master/plugin/pkg/admission/serviceaccount/admission.go
 * @throws StatusError 403 if there is no such account, or it does not allow the pod's own pull secrets
 */
export function admitServiceAccount(request: AdmissionRequest): KubernetesObject {
  const { store, definition, object } = request;
  if (definition.plural !== "pods") {
    return object;
  }
  const { namespace = "", name } = object.metadata;
  const spec = objectAt(object, "spec");
  const accountName = textAt(spec, "serviceAccountName") || "default";
  const account = store.find("serviceaccounts", namespace, accountName);
  if (!account) {
    const missing = `serviceaccount "${accountName}" not found`;
    throw forbidden(
      target(definition),
      name,
      `error looking up service account ${namespace}/${accountName}: ${missing}`,
    );
  }
  const own = objectsAt(spec, "imagePullSecrets");
  const offered = objectsAt(account, "imagePullSecrets");
  checkPullSecrets(request, account, own, offered);
  const imagePullSecrets = own.length > 0 ? own : offered;
  return {
    ...object,
    spec: {
      ...spec,
      serviceAccountName: accountName,
      serviceAccount: accountName,
      ...(imagePullSecrets.length > 0 && { imagePullSecrets }),
    },
  };
}

function checkPullSecrets(
  { definition, object }: AdmissionRequest,
  account: KubernetesObject,
  own: readonly JsonObject[],
  offered: readonly JsonObject[],
): void {
  if (account.metadata.annotations?.["kubernetes.io/enforce-mountable-secrets"] !== "true") {
    return;
  }
  const allowed = offered.map((reference) => reference["name"]);
  const index = own.findIndex((reference) => !allowed.includes(reference["name"]));
  if (index >= 0) {
    const name = JSON.stringify(own[index]?.["name"]);
    throw forbidden(
      target(definition),
      object.metadata.name,
      `imagePullSecrets[${index}].name=${name} is not allowed because service account ` +
        `${account.metadata.name} does not reference that imagePullSecret`,
    );
  }
}

/**
 * Asks the webhook of a policy engine, or a policy of the cluster itself. Both also see dry runs.
 * @throws StatusError if one of them refuses
 */
export function admitByPolicies({ cluster, definition, object }: AdmissionRequest): void {
  const { namespace, name } = object.metadata;
  const denial = cluster.denials.find((one) => one.namespace === namespace);
  if (definition.plural !== "secrets" || !denial) {
    return;
  }
  const words = `secrets in namespace ${denial.namespace} are managed by the platform team`;
  throw denial.policy ? deniedByPolicy(name, denial.policy, words) : deniedByWebhook(denial.webhook, words);
}

/**
 * A webhook's answer is passed on as it is. The API server adds a code if there is none, but never a reason.
 * Source: https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/webhook/errors/statuserror.go
 */
function deniedByWebhook(
  { code = 400, reason = "", retryAfterSeconds }: NonNullable<SecretDenial["webhook"]> = {},
  words: string,
): StatusError {
  return new StatusError(
    code,
    reason,
    `admission webhook "validation.sandbox.example" denied the request: ${words}`,
    retryAfterSeconds === undefined ? undefined : { retryAfterSeconds },
  );
}

const policyCodes = { Invalid: 422, Forbidden: 403, RequestEntityTooLarge: 413 };

/** Source: https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/policy/validating/dispatcher.go */
function deniedByPolicy(
  name: string,
  reason: NonNullable<SecretDenial["policy"]>,
  words: string,
): StatusError {
  const message = `ValidatingAdmissionPolicy 'platform-secrets' with binding 'everywhere' denied request: ${words}`;
  return new StatusError(policyCodes[reason], reason, `secrets "${name}" is forbidden: ${message}`, {
    name,
    kind: "secrets",
    causes: [{ message }],
  });
}

/** Checks the quotas of the namespace. @throws StatusError 403 if a new object would be one too many */
export function admitWithinQuota({ store, definition, object }: AdmissionRequest): void {
  const { namespace = "", name } = object.metadata;
  const exceeded = quotaExceeded(store, definition.plural, namespace);
  if (exceeded !== undefined) {
    throw forbidden(target(definition), name, exceeded);
  }
}

/** @throws StatusError 403 for a namespace that the cluster cannot do without */
export function admitDeletion({ definition, object }: AdmissionRequest): void {
  const { name } = object.metadata;
  if (definition.plural === "namespaces" && systemNamespaces.has(name)) {
    throw forbidden(target(definition), name, "this namespace may not be deleted");
  }
}
