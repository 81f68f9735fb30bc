import type { StatusCause } from "./status.ts";

/*
 * Errors about single fields, in the API server's words.
 * Source: https://github.com/kubernetes/apimachinery/blob/master/pkg/util/validation/field/errors.go
 */

/** A field, and what is wrong with it. */
export interface FieldError {
  readonly reason: string;
  readonly field: string;
  /** Without the field's name. */
  readonly message: string;
}

function shown(value: unknown): string {
  return typeof value === "string" ? goQuoted(value) : (JSON.stringify(value) ?? "null");
}

const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;
const shortEscapes: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** Quotes a text as Go does: https://pkg.go.dev/strconv#Quote */
export function goQuoted(text: string): string {
  const escaped = text.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll(unprintable, (letter) => {
    const code = letter.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    return (
      shortEscapes[letter] ?? (code < 0x80 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`)
    );
  });
  return `"${escaped}"`;
}

/** The error for a required field that is missing. */
export function required(field: string, detail = ""): FieldError {
  return {
    reason: "FieldValueRequired",
    field,
    message: detail ? `Required value: ${detail}` : "Required value",
  };
}

/** The error for a value that is not valid. */
export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  return { reason: "FieldValueInvalid", field, message: `Invalid value: ${shown(value)}: ${detail}` };
}

/** The error for a change or a field that is not allowed here. */
export function forbiddenField(field: string, detail: string): FieldError {
  return { reason: "FieldValueForbidden", field, message: `Forbidden: ${detail}` };
}

/** The error for a value with more bytes than its field may hold. */
export function tooLong(field: string, limit: number): FieldError {
  return { reason: "FieldValueTooLong", field, message: `Too long: may not be more than ${limit} bytes` };
}

/** The error for a value that must be unique. */
export function duplicateValue(field: string, value: unknown): FieldError {
  return { reason: "FieldValueDuplicate", field, message: `Duplicate value: ${shown(value)}` };
}

/** The error for a value outside a closed set. */
export function unsupportedValue(field: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map((one) => JSON.stringify(one)).join(", ");
  return {
    reason: "FieldValueNotSupported",
    field,
    message: `Unsupported value: ${shown(value)}: supported values: ${list}`,
  };
}

/** The error as a sentence that names the field. */
export function sentence(error: FieldError): string {
  return `${error.field}: ${error.message}`;
}

/** The error as the details of a Status list it. */
export function asCause(error: FieldError): StatusCause {
  return { reason: error.reason, message: error.message, field: error.field };
}
