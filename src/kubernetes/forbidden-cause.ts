import type { V1ResourceQuotaList } from "@kubernetes/client-node";
import { ApiStatusError, type ApiStatus } from "./api-status.ts";
import type { ApiRequest, ForbiddenCause } from "./kubernetes-errors.ts";

/** What the API server is asked for to explain a refusal. */
interface Questions {
  /** Whether the right is there; false where that cannot be told. */
  readonly mayDo: () => Promise<boolean>;
  readonly quotas: (namespace: string) => Promise<V1ResourceQuotaList>;
}

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
  { verb, resource, namespace }: ApiRequest,
  { mayDo, quotas }: Questions,
): Promise<ForbiddenCause> {
  if (!(error instanceof ApiStatusError && isUnexplained(error.status))) return "rights";
  if (!(await mayDo())) return "rights";
  if (verb !== "create" || namespace === undefined) return "admission";
  try {
    const full = (await quotas(namespace)).items.some(({ status }) =>
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
