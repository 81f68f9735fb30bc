import { z } from "zod";
import { parseDuration } from "../domain/duration.ts";

/** A duration such as `50ms` or `5s`, or a number of milliseconds; read as milliseconds. */
export const duration = z.union([z.string(), z.number().min(0)]).transform((value, context) => {
  if (typeof value === "number") return value;
  try {
    return parseDuration(value);
  } catch {
    context.addIssue({ code: "custom", message: `not a duration such as 50ms, 5s or 10m: ${value}` });
    return z.NEVER;
  }
});

/** A regular expression, parsed from text. */
export const pattern = z.string().transform((value, context) => {
  try {
    return new RegExp(value);
  } catch {
    context.addIssue({ code: "custom", message: `not a regular expression: ${value}` });
    return z.NEVER;
  }
});

/** Options that cannot be used; the message names each wrong field and where it comes from. */
export class SandboxOptionsError extends Error {
  override readonly name = "SandboxOptionsError";
}

/** The error that says what is wrong with options. */
export function explained(origin: string, error: z.ZodError): SandboxOptionsError {
  const issues = error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`,
  );
  return new SandboxOptionsError(`${origin}: ${issues.join("; ")}`);
}
