import type { V1SelfSubjectAccessReview } from "@kubernetes/client-node";
import type { ApiRequest } from "./kubernetes-errors.ts";

/**
 * The question whether the caller has a right, for the API server; without a namespace in all of them.
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
 */
export function accessReview({
  verb,
  resource,
  namespace,
  name,
}: Omit<ApiRequest, "context">): V1SelfSubjectAccessReview {
  return {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: {
      resourceAttributes: {
        group: "",
        resource,
        verb,
        ...(namespace !== undefined && { namespace }),
        // A request to create names nothing yet: a rule on names does not cover it.
        ...(name !== undefined && verb !== "create" && { name }),
      },
    },
  };
}
