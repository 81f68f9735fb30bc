import type { V1ResourceQuotaList, V1SelfSubjectAccessReview } from "@kubernetes/client-node";
import { ApiStatusError } from "./api-status.ts";
import type { ApiRequest, ForbiddenCause } from "./kubernetes-errors.ts";
import { apiUrl, resourceUrl } from "./resource-url.ts";

/** Sends one request and reads its answer. */
type Send = (method: "GET" | "POST", url: URL, body?: object) => Promise<unknown>;

/**
 * Why a write was forbidden. The API server gives a missing right, a full quota and a refusing policy the same
 * status and reason, so it is asked: whether the right is there, and whether a quota of the namespace is used up.
 * What it does not tell counts as a missing right.
 */
export async function causeOfForbidden(
  error: unknown,
  { verb, resource, namespace, name }: ApiRequest,
  server: string,
  send: Send,
): Promise<ForbiddenCause> {
  const unexplained =
    error instanceof ApiStatusError && error.status.code === 403 && error.status.causes.length === 0;
  if (!unexplained) return "rights";
  try {
    const resourceAttributes = {
      group: "",
      resource,
      verb,
      ...(namespace !== undefined && { namespace }),
      ...(name !== undefined && { name }),
    };
    const review = await send(
      "POST",
      apiUrl(server, "apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
      {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: { resourceAttributes },
      },
    );
    if ((review as V1SelfSubjectAccessReview).status?.allowed !== true) return "rights";
  } catch {
    return "rights";
  }
  if (verb !== "create" || namespace === undefined) return "admission";
  try {
    const quotas = await send(
      "GET",
      resourceUrl(server, { verb: "list", resource: "resourcequotas", namespace }),
    );
    const full = (quotas as V1ResourceQuotaList).items.some(({ status }) =>
      [resource, `count/${resource}`].some((key) => {
        const hard = status?.hard?.[key];
        return hard !== undefined && Number(status?.used?.[key] ?? 0) >= Number(hard);
      }),
    );
    return full ? "quota" : "admission";
  } catch {
    return "admission";
  }
}
