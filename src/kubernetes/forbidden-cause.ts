import type { AuthorizationV1Api, CoreV1Api, HttpLibrary } from "@kubernetes/client-node";
import { ApiStatusError } from "./api-status.ts";
import type { ApiRequest, ForbiddenCause } from "./kubernetes-errors.ts";

/**
 * Why a write was forbidden. The API server gives a missing right, a full quota and a refusing policy the same
 * status and reason, so it is asked: whether the right is there, and whether a quota of the namespace is used up.
 * What it does not tell counts as a missing right.
 */
export async function causeOfForbidden(
  error: unknown,
  { verb, resource, namespace, name }: ApiRequest,
  core: CoreV1Api,
  authorization: AuthorizationV1Api,
  carrier: { readonly httpApi: HttpLibrary },
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
    const { status } = await authorization.createSelfSubjectAccessReview(
      {
        body: {
          apiVersion: "authorization.k8s.io/v1",
          kind: "SelfSubjectAccessReview",
          spec: { resourceAttributes },
        },
      },
      carrier,
    );
    if (status?.allowed !== true) return "rights";
  } catch {
    return "rights";
  }
  if (verb !== "create" || namespace === undefined) return "admission";
  try {
    const { items } = await core.listNamespacedResourceQuota({ namespace }, carrier);
    const full = items.some(({ status }) =>
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
