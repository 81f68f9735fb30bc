import type { SandboxRequest } from "../service.ts";
import { invalidValue, unsupportedValue, type FieldError } from "./field-error.ts";
import { objectAt, textAt, type JsonObject } from "./json.ts";
import { wholeNumber } from "./list-options.ts";
import { isQueryTrue } from "./request-attributes.ts";
import { readBody } from "./request-body.ts";
import { deleteOptionsSchema } from "./schema.ts";
import { invalid, StatusError, unconverted } from "./status.ts";
import { fitToSchema, TypingError } from "./typing.ts";
import { dryRunErrors } from "./write-options.ts";

/** What happens to the objects that name the deleted one as their owner. */
export type PropagationPolicy = "Foreground" | "Background" | "Orphan";

/** The options of a deletion. */
export interface DeleteOptions {
  readonly dryRun: boolean;
  /** The object must have this UID. */
  readonly uid: string | undefined;
  /** The object must have this resource version. */
  readonly resourceVersion: string | undefined;
  /** Undefined if the object's finalizers decide. */
  readonly propagation: PropagationPolicy | undefined;
}

const policies = ["Foreground", "Background", "Orphan"];

/**
 * Reads the options of a deletion from the body. Only if there is no body does the query count.
 * https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/handlers/delete.go
 * @throws StatusError 500 for a body that is not DeleteOptions, as with the API server; 400 or 422 for a value that is
 *   not supported
 */
export function readDeleteOptions(request: SandboxRequest): DeleteOptions {
  const options = request.body.length > 0 ? inBody(request) : inQuery(request);
  const dryRun = Array.isArray(options["dryRun"]) ? options["dryRun"].map(String) : [];
  const policy = options["propagationPolicy"] as string | undefined;
  const orphans = options["orphanDependents"];
  const errors: FieldError[] = [
    ...(orphans !== undefined && policy !== undefined
      ? [
          invalidValue(
            "propagationPolicy",
            policy,
            "orphanDependents and deletionPropagation cannot be both set",
          ),
        ]
      : []),
    ...(policy !== undefined && !policies.includes(policy)
      ? [unsupportedValue("propagationPolicy", policy, [...policies, "nil"])]
      : []),
    ...dryRunErrors(dryRun),
  ];
  if (errors.length > 0) {
    throw invalid({ group: "meta.k8s.io", kind: "DeleteOptions" }, "", errors);
  }
  const { uid, resourceVersion } = objectAt(options, "preconditions");
  return {
    dryRun: dryRun.length > 0,
    uid: typeof uid === "string" ? uid : undefined,
    resourceVersion: typeof resourceVersion === "string" ? resourceVersion : undefined,
    propagation: (policy as PropagationPolicy | undefined) ?? propagationFor(orphans),
  };
}

/** The policy for `orphanDependents`, the older field that `propagationPolicy` replaced. */
function propagationFor(orphanDependents: unknown): PropagationPolicy | undefined {
  if (orphanDependents === undefined) {
    return undefined;
  }
  return orphanDependents === true ? "Orphan" : "Background";
}

function inQuery(request: SandboxRequest): JsonObject {
  const { query } = request;
  const policy = query.get("propagationPolicy");
  wholeNumber(query.get("gracePeriodSeconds") || "0");
  return {
    dryRun: query.getAll("dryRun"),
    ...(policy && { propagationPolicy: policy }),
    ...(query.has("orphanDependents") && { orphanDependents: isQueryTrue(request, "orphanDependents") }),
  };
}

function inBody(request: SandboxRequest): JsonObject {
  if (request.body.toString("utf8").trim() === "null") {
    return {};
  }
  const body = readOptions(request);
  const kind = textAt(body, "kind") || "DeleteOptions";
  if (kind !== "DeleteOptions") {
    const version = textAt(body, "apiVersion");
    throw unconverted(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(version)} in scheme ` +
        '"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"',
    );
  }
  try {
    return fitToSchema(deleteOptionsSchema, body, "DeleteOptions").object;
  } catch (error) {
    if (error instanceof TypingError) {
      throw unconverted(error.message);
    }
    throw error;
  }
}

function readOptions(request: SandboxRequest): JsonObject {
  try {
    return readBody(request, "DeleteOptions").object;
  } catch (error) {
    if (error instanceof StatusError && error.code === 400) {
      const [, why = error.message] = /^.*?: (couldn't get .*)$/.exec(error.message) ?? [];
      throw unconverted(why);
    }
    throw error;
  }
}
