import type { V1ResourceQuotaList } from "@kubernetes/client-node";
import { hasRight, type Send } from "./access-review.ts";
import { ApiStatusError, type ApiStatus } from "./api-status.ts";
import type { ApiRequest, ForbiddenCause } from "./kubernetes-errors.ts";
import { resourceUrl } from "./resource-url.ts";

/** Whether a refusal may be for any reason: the API server names the end of a namespace, and who is nobody. */
function isUnexplained({ code, causes, refusedBy, anonymous }: ApiStatus): boolean {
  return code === 403 && !causes.includes("NamespaceTerminating") && refusedBy === undefined && !anonymous;
}

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
  if (!(error instanceof ApiStatusError && isUnexplained(error.status))) return "rights";
  const mayDo = await hasRight({ verb, resource, namespace, name }, server, send).catch(() => false);
  if (!mayDo) return "rights";
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
