import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/*
 * Conversations with the real Kubernetes API server (1.34.2, with its controller manager), recorded by this project:
 * each request, and each answer with its names, identifiers, versions and times made comparable.
 */

/** One request of a conversation. `{{name}}` stands for a text that is known only when the request is sent. */
export interface RequestStep {
  /** Method, path and query. */
  readonly m: string;
  readonly p: string;
  readonly q?: string;
  /** Headers beyond the usual ones. Null removes a usual one. */
  readonly h?: Readonly<Record<string, string | null>>;
  /** The body: an object, a text, or bytes in base64. */
  readonly b?: unknown;
  readonly bb64?: string;
  /** Who asks: a user of the cluster, `none`, `bad` for an unknown token, or `raw:` and an Authorization header. */
  readonly as?: string;
  /** What later steps need from the answer: a name, and the place of the value. */
  readonly save?: Readonly<Record<string, string>>;
}

/** Something that a conversation waits for until the controllers have done it. */
export interface WaitStep {
  readonly wait: string;
}

/** Gives the controllers time, in seconds. */
export interface SleepStep {
  readonly sleep: number;
}

export type Step = RequestStep | WaitStep | SleepStep;

/** An answer in a form that can be compared between two servers. */
export interface ComparableAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly warnings?: readonly string[];
  readonly body?: unknown;
  readonly text?: string;
  readonly events?: readonly unknown[];
  readonly binary?: boolean;
}

/** Requests that build on each other, and what the real server answered. */
export interface Conversation {
  readonly id: string;
  /** Whether it takes place in a namespace of its own, made beforehand. */
  readonly setup: boolean;
  readonly steps: readonly Step[];
  /** Null for steps that only wait. */
  readonly real: ReadonlyArray<ComparableAnswer | null>;
}

/** All recorded conversations. */
export function recordedConversations(): Conversation[] {
  const file = new URL("kubernetes-cases.jsonl.gz", import.meta.url);
  const lines = gunzipSync(readFileSync(file)).toString("utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as Conversation);
}
