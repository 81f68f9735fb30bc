import type { ErrorDetails } from "../domain/errors.ts";
import { shellQuote } from "../domain/shell-quote.ts";

/** A request and its cluster, as a message names them. */
export interface ApiRequest {
  readonly context: string;
  readonly verb: "get" | "list" | "create" | "patch" | "delete";
  readonly resource: "namespaces" | "secrets" | "serviceaccounts" | "pods" | "events" | "nodes";
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

/** What a failure means: a sentence about it, and what else its reader needs. */
export type Meaning = ErrorDetails & { readonly what: string };

/** What a request was about, as part of a sentence. */
export function subjectOf({ context, verb, resource, namespace, name }: ApiRequest): string {
  const kinds = {
    secrets: "secret",
    serviceaccounts: "service account",
    namespaces: "namespace",
    pods: "pod",
    events: "event",
    nodes: "node",
  } as const;
  if (verb === "list" || name === undefined) {
    return namespace === undefined
      ? `${resource} of context ${context}`
      : `${resource} in namespace ${namespace} of context ${context}`;
  }
  const place = namespace === undefined || resource === "namespaces" ? "" : `${namespace}/`;
  return `${kinds[resource]} ${place}${name} in context ${context}`;
}

/** A kubectl command for this context that can be pasted. */
export function kubectl(context: string, ...args: string[]): string {
  return ["kubectl", "--context", context, ...args].map(shellQuote).join(" ");
}
