import { readFileSync } from "node:fs";

/**
 * What an API server's audit log tells of a request, from level Request on.
 * https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
 */
export interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent?: string;
  readonly requestObject?: { readonly dryRun?: readonly string[] } | undefined;
}

const writes = new Set(["create", "update", "patch", "delete", "deletecollection"]);

/**
 * Whether a request asked for something that the API server carries out. Of a deletion it reads the options from the
 * body where there is one, and then the query says nothing.
 */
export function asksForChange({ verb, requestURI, requestObject }: AuditEvent): boolean {
  const { pathname, searchParams } = new URL(requestURI, "https://server");
  if (!writes.has(verb) || /\/(?:self)?subject\w*reviews$/.test(pathname)) return false;
  const inBody = verb.startsWith("delete") ? requestObject : undefined;
  return !(inBody ? (inBody.dryRun ?? []) : searchParams.getAll("dryRun")).includes("All");
}

/** The changes that acr-pull asked for by an audit log of JSON lines, from a byte of it on. */
export function changesInAuditLog(path: string, fromByte: number): string[] {
  const lines = readFileSync(path).subarray(fromByte).toString("utf8").trim().split("\n");
  return lines
    .filter(Boolean)
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter(({ stage, userAgent }) => stage === "ResponseComplete" && userAgent === "acr-pull")
    .filter(asksForChange)
    .map(({ verb, requestURI }) => `${verb} ${requestURI}`);
}
