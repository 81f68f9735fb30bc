import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/*
 * Conversations with Kubernetes' own API server (1.34.2, with its controller manager), recorded by this project:
 * what was asked, and each answer with its names, identifiers, versions and times made comparable.
 */

/** One request of a conversation; `{{name}}` stands for a text that is only known when it is sent. */
export interface RequestStep {
  /** Method, path and query. */
  readonly m: string;
  readonly p: string;
  readonly q?: string;
  /** Headers besides the usual ones; null takes a usual one away. */
  readonly h?: Readonly<Record<string, string | null>>;
  /** The body: an object, a text, or bytes in base64. */
  readonly b?: unknown;
  readonly bb64?: string;
  /** Who asks: a user of the cluster, `none`, `bad` for a token that nobody has, or `raw:` and an Authorization. */
  readonly as?: string;
  /** What later steps need of the answer: a name and the place of the value. */
  readonly save?: Readonly<Record<string, string>>;
}

/** What a conversation waits for, until the controllers have done it. */
export interface WaitStep {
  readonly wait: string;
}

/** Gives the controllers time, in seconds. */
export interface SleepStep {
  readonly sleep: number;
}

export type Step = RequestStep | WaitStep | SleepStep;

/** An answer in the form in which two servers' answers can be compared. */
export interface ComparableAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly warnings?: readonly string[];
  readonly body?: unknown;
  readonly text?: string;
  readonly events?: readonly unknown[];
  readonly binary?: boolean;
}

/** Requests that follow from each other, and what the real server answered. */
export interface Conversation {
  readonly id: string;
  /** It takes place in a namespace of its own, made beforehand. */
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
