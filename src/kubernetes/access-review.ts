import type { V1SelfSubjectAccessReview } from "@kubernetes/client-node";
import type { ApiRequest } from "./kubernetes-errors.ts";
import { apiUrl } from "./resource-url.ts";

/** Sends one request and reads its answer. */
export type Send = (method: "GET" | "POST", url: URL, body?: object) => Promise<unknown>;

/**
 * Whether the caller has a right, by the API server's own word; without a namespace in all of them.
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
 */
export async function hasRight(
  { verb, resource, namespace, name }: Omit<ApiRequest, "context">,
  server: string,
  send: Send,
): Promise<boolean> {
  const review = await send("POST", apiUrl(server, "apis/authorization.k8s.io/v1/selfsubjectaccessreviews"), {
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
  });
  return (review as V1SelfSubjectAccessReview).status?.allowed === true;
}
