import { readFile } from "node:fs/promises";
import { until } from "./server-process.ts";

/** A request that asked an API server for a change. */
export interface AuditedWrite {
  readonly verb: string;
  readonly user: string;
  readonly userAgent: string;
  /** Path and query. */
  readonly uri: string;
  /** Whether it was a dry run, as the API server reads it: from a DELETE's body if it has one, else from the query. */
  readonly dryRun: boolean;
  /** The answer's status code. */
  readonly code: number;
}

/** An event as the API server writes it: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/ */
interface AuditEvent {
  readonly auditID: string;
  readonly stage: "RequestReceived" | "ResponseStarted" | "ResponseComplete" | "Panic";
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly userAgent?: string;
  readonly requestURI: string;
  readonly requestObject?: { readonly dryRun?: readonly string[] };
  readonly responseStatus?: { readonly code?: number };
}

/**
 * An audit policy. It logs every request that may change something, except those of the named users and of nodes.
 * Reviews of rights and tokens are created, but change nothing, so they are not logged. Bodies are logged only for
 * deletions, which hold no secret.
 */
export function auditPolicy(unheeded: readonly string[]): string {
  return JSON.stringify({
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    rules: [
      { level: "None", users: unheeded },
      { level: "None", userGroups: ["system:nodes"] },
      { level: "None", verbs: ["get", "list", "watch"] },
      { level: "None", resources: [{ group: "authorization.k8s.io" }, { group: "authentication.k8s.io" }] },
      { level: "Request", verbs: ["delete", "deletecollection"] },
      { level: "Metadata" },
    ],
  });
}

/**
 * Every request in the log, in the order of arrival. The API server writes a request's arrival to disk before it
 * handles the request, but may write the answer after sending it. This waits until the log has the answers, too.
 */
export async function readWrites(path: string): Promise<readonly AuditedWrite[]> {
  return until("every request in the audit log is answered", async () => {
    const text = await readFile(path, "utf8");
    const events = text
      .slice(0, text.lastIndexOf("\n") + 1)
      .split("\n")
      .filter(Boolean);
    const requests = new Map<string, AuditEvent>();
    for (const line of events) {
      const event = JSON.parse(line) as AuditEvent;
      requests.set(event.auditID, event);
    }
    const last = [...requests.values()];
    const answered = last.every(({ stage }) => stage === "ResponseComplete" || stage === "Panic");
    return answered && last.map(asWrite);
  });
}

function asWrite(event: AuditEvent): AuditedWrite {
  const query = new URL(event.requestURI, "https://localhost").searchParams.getAll("dryRun");
  return {
    verb: event.verb,
    user: event.user.username,
    userAgent: event.userAgent ?? "",
    uri: event.requestURI,
    dryRun: (event.requestObject?.dryRun ?? (event.requestObject ? [] : query)).includes("All"),
    code: event.responseStatus?.code ?? 0,
  };
}
