/**
 * Whether a value has the form of a service's error code, such as `Request_BadRequest` or `NAME_UNKNOWN`. Anything
 * else in its place may be a sentence, or an echo of the request.
 */
export function isErrorCode(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z_][\w.]{0,60}$/.test(value);
}
