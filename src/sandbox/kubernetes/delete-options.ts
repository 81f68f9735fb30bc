import type { SandboxRequest } from "../service.ts";
import { objectAt, type JsonObject } from "./json.ts";
import { readBody } from "./request-body.ts";
import { deleteOptionsSchema } from "./schema.ts";
import { badRequest, invalid } from "./status.ts";
import { fitToSchema, TypingError } from "./typing.ts";
import { dryRunErrors } from "./write-options.ts";

/** How a deletion is meant. */
export interface DeleteOptions {
  readonly dryRun: boolean;
  /** The object must have this UID. */
  readonly uid: string | undefined;
  /** The object must have this resource version. */
  readonly resourceVersion: string | undefined;
}

/**
 * Reads the options of a deletion: from the body where there is one, and then the query says nothing; else from the
 * query. https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/handlers/delete.go
 * @throws StatusError 400 for a body that is none, 422 for a value that is not supported
 */
export function readDeleteOptions(request: SandboxRequest): DeleteOptions {
  const hasBody = request.body.length > 0;
  const body = hasBody ? fitted(readBody(request, "DeleteOptions").object) : {};
  const inBody = Array.isArray(body["dryRun"]) ? body["dryRun"].map(String) : [];
  const dryRun = hasBody ? inBody : request.query.getAll("dryRun");
  const errors = dryRunErrors(dryRun);
  if (errors.length > 0) {
    throw invalid({ group: "meta.k8s.io", kind: "DeleteOptions" }, "", errors);
  }
  const { uid, resourceVersion } = objectAt(body, "preconditions");
  return {
    dryRun: dryRun.length > 0,
    uid: typeof uid === "string" ? uid : undefined,
    resourceVersion: typeof resourceVersion === "string" ? resourceVersion : undefined,
  };
}

function fitted(body: JsonObject): JsonObject {
  try {
    return fitToSchema(deleteOptionsSchema, body, "DeleteOptions").object;
  } catch (error) {
    if (error instanceof TypingError) {
      throw badRequest(error.message);
    }
    throw error;
  }
}
