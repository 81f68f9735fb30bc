import type { SandboxRequest } from "../service.ts";
import {
  forbiddenField,
  invalidValue,
  required,
  tooLong,
  unsupportedValue,
  type FieldError,
} from "./field-error.ts";
import { isQueryTrue } from "./request-attributes.ts";
import { invalid } from "./status.ts";

/*
 * The options that every write takes in its query.
 * Source: https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/v1/validation/validation.go
 */

const managerLimit = 128;
const validations = ["", "Ignore", "Strict", "Warn"];

/** What Go considers printable. */
const printable = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

/**
 * Decides about the problems that strict decoding finds in an object: refuses it, warns about it, or neither.
 * @param refusal makes the answer from what strict decoding says
 * @throws what `refusal` returns
 */
export type FieldCheck = (problems: readonly string[], refusal: (why: string) => Error) => void;

/** A request and the warnings that its answer will carry. */
export interface Warned {
  readonly request: SandboxRequest;
  readonly warnings: string[];
}

/** The options of a write. */
export interface WriteOptions {
  /** Whether to check everything and store nothing. */
  readonly dryRun: boolean;
  /** What happens to fields that the kind does not have, and to fields that occur twice. */
  readonly check: FieldCheck;
  /** Who owns the changed fields: the manager that the request names, otherwise the first part of the user agent. */
  readonly manager: string;
  /** Whether an apply takes over fields of other managers. */
  readonly force: boolean;
}

/**
 * Reads the options of a write.
 * @param kind `CreateOptions`, `UpdateOptions` or `PatchOptions`, for the wording
 * @throws StatusError 422 for a value that is not supported
 */
export function readWriteOptions(
  { request, warnings }: Warned,
  kind: "CreateOptions" | "UpdateOptions" | "PatchOptions",
  isApply = false,
): WriteOptions {
  const dryRun = request.query.getAll("dryRun");
  const fieldManager = request.query.get("fieldManager") ?? "";
  const fieldValidation = request.query.get("fieldValidation") ?? "";
  const force = isQueryTrue(request, "force");
  const errors: FieldError[] = [
    ...(isApply && fieldManager === "" ? [required("fieldManager", "is required for apply patch")] : []),
    ...(request.query.has("force") && kind === "PatchOptions" && !isApply
      ? [forbiddenField("force", "may not be specified for non-apply patch")]
      : []),
    ...(Buffer.byteLength(fieldManager) > managerLimit ? [tooLong("fieldManager", managerLimit)] : []),
    ...unprintable(fieldManager),
    ...dryRunErrors(dryRun),
    ...(validations.includes(fieldValidation)
      ? []
      : [unsupportedValue("fieldValidation", fieldValidation, validations)]),
  ];
  if (errors.length > 0) {
    throw invalid({ group: "meta.k8s.io", kind }, "", errors);
  }
  return {
    dryRun: dryRun.length > 0,
    check: fieldCheck(fieldValidation || "Warn", warnings),
    manager: fieldManager || userAgentManager(request) || "unknown",
    force,
  };
}

function fieldCheck(validation: string, warnings: string[]): FieldCheck {
  return (problems, refusal) => {
    if (validation === "Strict" && problems.length > 0) {
      throw refusal(`strict decoding error: ${problems.join(", ")}`);
    }
    if (validation === "Warn") {
      warnings.push(...problems);
    }
  };
}

/** `dryRun` accepts only `All`. */
export function dryRunErrors(dryRun: readonly string[]): FieldError[] {
  return dryRun.every((value) => value === "All") ? [] : [unsupportedValue("dryRun", dryRun, ["All"])];
}

function unprintable(manager: string): FieldError[] {
  let position = 0;
  return Array.from(manager).flatMap((letter) => {
    const at = position;
    position += Buffer.byteLength(letter);
    const code = (letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    return printable.test(letter)
      ? []
      : [invalidValue("fieldManager", manager, `invalid character U+${code} (at position ${at})`)];
  });
}

/** The printable characters in the first part of the user agent, as many as fit. */
function userAgentManager(request: SandboxRequest): string {
  const product = (request.headers["user-agent"] ?? "").split("/")[0] ?? "";
  const letters = Array.from(product).filter((letter) => printable.test(letter));
  return Buffer.from(letters.join("")).subarray(0, managerLimit).toString("utf8");
}
