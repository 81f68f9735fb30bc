/**
 * Whether a service's name for a fault is one, such as `Request_BadRequest` or `NAME_UNKNOWN`: anything else that it
 * sends in that place is a sentence, or what it was sent itself.
 */
export function isErrorCode(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z_][\w.]{0,60}$/.test(value);
}
