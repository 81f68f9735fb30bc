import type { StatusCause } from "./status.ts";

/*
 * Errors of single fields, worded as the API server words them.
 * Source: https://github.com/kubernetes/apimachinery/blob/master/pkg/util/validation/field/errors.go
 */

/** One field that is wrong, and how. */
export interface FieldError {
  readonly reason: string;
  readonly field: string;
  /** Without the field's name. */
  readonly message: string;
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? "null";
}

/** A field that must be there. */
export function required(field: string, detail = ""): FieldError {
  return {
    reason: "FieldValueRequired",
    field,
    message: detail ? `Required value: ${detail}` : "Required value",
  };
}

/** A value that cannot be. */
export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  return { reason: "FieldValueInvalid", field, message: `Invalid value: ${shown(value)}: ${detail}` };
}

/** A change or a field that is not allowed here. */
export function forbiddenField(field: string, detail: string): FieldError {
  return { reason: "FieldValueForbidden", field, message: `Forbidden: ${detail}` };
}

/** More bytes than a field may hold. */
export function tooLong(field: string, limit: number): FieldError {
  return { reason: "FieldValueTooLong", field, message: `Too long: may not be more than ${limit} bytes` };
}

/** A value outside a closed set. */
export function unsupportedValue(field: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map((one) => JSON.stringify(one)).join(", ");
  return {
    reason: "FieldValueNotSupported",
    field,
    message: `Unsupported value: ${shown(value)}: supported values: ${list}`,
  };
}

/** The whole sentence about one field. */
export function sentence(error: FieldError): string {
  return `${error.field}: ${error.message}`;
}

/** As it stands in the details of a Status. */
export function asCause(error: FieldError): StatusCause {
  return { reason: error.reason, message: error.message, field: error.field };
}
