import { z } from "zod";
import type { SandboxRequest, SandboxResponse } from "./service.ts";

/**
 * How an injected fault repeats the request that it strikes, as some servers and proxies do: in the error of its
 * status or, if it has no status, in the service's own answer.
 */
export const echoSchema = z.strictObject({
  of: z.enum(["authorization", "headers", "body", "request"]).default("request"),
  in: z.enum(["message", "code", "header", "everywhere"]).default("message"),
  as: z.enum(["plain", "json", "url", "hex", "base64"]).default("plain"),
  /** The part of the encoded text to repeat: its first character, and how many. */
  from: z.int().min(0).default(0),
  length: z.int().min(1).optional(),
});

/** One echo, validated. */
export type Echo = z.output<typeof echoSchema>;

const messageFields = new Set(["message", "error_description", "detail", "field", "name", "displayName"]);
const codeFields = new Set(["code", "error", "reason", "kind", "suberror", "claims"]);
const headers = [
  "audit-id",
  "client-request-id",
  "request-id",
  "x-ms-correlation-request-id",
  "x-ms-request-id",
];

/** A service's answer, with the request repeated in it. */
export function withEcho(response: SandboxResponse, request: SandboxRequest, echo: Echo): SandboxResponse {
  const whole = encoded(partOf(request, echo.of), echo.as);
  const text = whole.slice(echo.from, echo.length === undefined ? undefined : echo.from + echo.length);
  const into = (place: Echo["in"]) => echo.in === place || echo.in === "everywhere";
  const fill = (value: unknown, name = ""): unknown => {
    if (Array.isArray(value)) return value.map((item) => fill(item, name));
    if (value instanceof Uint8Array) return value;
    if (typeof value === "object" && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner, key)]));
    }
    if (typeof value !== "string") return value;
    if (into("message") && messageFields.has(name)) return `${value} You sent: ${text}`;
    // Clients read an error only from an object of kind Status.
    return into("code") && codeFields.has(name) && value !== "Status" ? text : value;
  };
  return {
    ...response,
    body: fill(response.body),
    headers: { ...response.headers, ...(into("header") && echoHeaders(text)) },
  };
}

function partOf({ method, path, headers, body }: SandboxRequest, part: Echo["of"]): string {
  const { authorization = "" } = headers;
  if (part === "authorization") return authorization;
  if (part === "body") return body.toString("utf8");
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`);
  if (part === "headers") return lines.join("; ");
  return `${method} ${path} ${lines.join("; ")} ${body.toString("utf8")}`;
}

function encoded(text: string, as: Echo["as"]): string {
  if (as === "plain") return text;
  if (as === "json") return JSON.stringify(text);
  return as === "url" ? encodeURIComponent(text) : Buffer.from(text).toString(as);
}

function echoHeaders(text: string): Record<string, string> {
  // Drops characters that a header cannot carry, and more text than a client accepts.
  const value = text.replace(/[^ -~]/g, "").slice(0, 2000);
  return {
    ...Object.fromEntries(headers.map((name) => [name, value])),
    "www-authenticate": `Bearer error="${value}", claims="${Buffer.from(value).toString("base64")}"`,
    warning: `299 - "${value}"`,
  };
}
