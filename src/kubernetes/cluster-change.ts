import type { HttpAnswer } from "../domain/http-exchange.ts";
import { factsIn, resultBy, resultWithout, type OutsideChange } from "../domain/outside-change.ts";
import { entriesAnnotation } from "../domain/ownership.ts";
import type { Connection } from "./kubeconfig.ts";

/** The longest marks that acr-pull writes. */
const longestMarks = 16 * 1024;

/** Whether a request asks for a lasting change: a rehearsal does not, nor does a question about rights. */
export function asksForChange(method: string, url: URL): boolean {
  const isQuestion = /^\/apis\/auth(?:entication|orization)\.k8s\.io\//.test(url.pathname);
  return method !== "GET" && !isQuestion && !url.searchParams.has("dryRun");
}

/**
 * A request to a cluster that asked for a change.
 * @param outcome its answer, or why there is none
 */
export function clusterChange(
  { context, user }: Connection,
  { method, url, body }: { readonly method: string; readonly url: URL; readonly body: string | undefined },
  outcome: { readonly answer: HttpAnswer } | { readonly error: unknown },
): OutsideChange {
  const answer = "answer" in outcome ? outcome.answer : undefined;
  const result = answer
    ? resultBy(answer.status)
    : resultWithout("error" in outcome ? outcome.error : undefined);
  const text = result === "done" ? answer?.body.toString("utf8") : undefined;
  const auditId = answer?.headers["audit-id"];
  return {
    service: "kubernetes",
    actor: { kind: "kubeconfig-user", name: user?.name ?? "", context },
    method,
    target: url.origin + url.pathname,
    result,
    status: answer?.status ?? null,
    requestId: typeof auditId === "string" ? auditId : null,
    facts: { ...factsIn(body, text), ...marksIn(text) },
  };
}

/** The marks of a secret, which say which key it holds. They are public, like all annotations. */
function marksIn(text: string | undefined): { readonly entries?: unknown } {
  try {
    const object = JSON.parse(text ?? "") as { metadata?: { annotations?: Record<string, string> } };
    const marks = object.metadata?.annotations?.[entriesAnnotation];
    if (marks === undefined || marks.length > longestMarks) return {};
    return { entries: JSON.parse(marks) as unknown };
  } catch {
    return {};
  }
}
