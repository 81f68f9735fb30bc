import type { SandboxRequest } from "../service.ts";
import { forbiddenField, required, tooLong, unsupportedValue, type FieldError } from "./field-error.ts";
import { isQueryTrue } from "./request-attributes.ts";
import { invalid } from "./status.ts";

/*
 * The options that every write takes in its query.
 * Source: https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/v1/validation/validation.go
 */

const managerLimit = 128;
const validations = ["Ignore", "Strict", "Warn"];

/** How a write is meant. */
export interface WriteOptions {
  /** Check everything, keep nothing. */
  readonly dryRun: boolean;
  /** Refuse unknown fields instead of dropping them. */
  readonly strict: boolean;
  /** Who the changed fields belong to: as named, else the first part of the user agent. */
  readonly manager: string;
  /** An apply takes fields of other managers. */
  readonly force: boolean;
}

/**
 * Reads the options of a write.
 * @param kind `CreateOptions`, `UpdateOptions` or `PatchOptions`, for the wording
 * @throws StatusError 422 for a value that is not supported
 */
export function readWriteOptions(request: SandboxRequest, kind: string, isApply = false): WriteOptions {
  const dryRun = request.query.getAll("dryRun");
  const fieldManager = request.query.get("fieldManager") ?? "";
  const fieldValidation = request.query.get("fieldValidation") ?? "";
  const force = isQueryTrue(request, "force");
  const errors: FieldError[] = [
    ...(isApply && fieldManager === "" ? [required("fieldManager", "is required for apply patch")] : []),
    ...(request.query.has("force") && !isApply
      ? [forbiddenField("force", "may not be specified for non-apply patch")]
      : []),
    ...(Buffer.byteLength(fieldManager) > managerLimit ? [tooLong("fieldManager", managerLimit)] : []),
    ...dryRunErrors(dryRun),
    ...(fieldValidation === "" || validations.includes(fieldValidation)
      ? []
      : [unsupportedValue("fieldValidation", fieldValidation, validations)]),
  ];
  if (errors.length > 0) {
    throw invalid({ group: "meta.k8s.io", kind }, "", errors);
  }
  return {
    dryRun: dryRun.length > 0,
    strict: fieldValidation === "Strict",
    manager: fieldManager || userAgentManager(request),
    force,
  };
}

/** `dryRun` takes `All` alone. */
export function dryRunErrors(dryRun: readonly string[]): FieldError[] {
  return dryRun.every((value) => value === "All") ? [] : [unsupportedValue("dryRun", dryRun, ["All"])];
}

function userAgentManager(request: SandboxRequest): string {
  const product = (request.headers["user-agent"] ?? "").split("/")[0] ?? "";
  return Buffer.from(product).subarray(0, managerLimit).toString("utf8");
}
