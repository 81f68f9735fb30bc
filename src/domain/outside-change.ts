import { ExchangeError } from "./http-exchange.ts";

/*
 * Requests that ask for a change outside, as a log shows them. Only the parts of a request and its answer that are
 * named here get into the log, so no secret does.
 */

/** Who asked for it. */
export type ChangeActor =
  | { readonly kind: "user" | "service-principal"; readonly name: string; readonly objectId: string }
  | { readonly kind: "kubeconfig-user"; readonly name: string; readonly context: string };

/** One request that asked for a change, and what came of it. */
export interface OutsideChange {
  readonly service: "entra" | "azure" | "kubernetes";
  /** Null if it is not known. */
  readonly actor: ChangeActor | null;
  /** The method, and what it was sent to. */
  readonly method: string;
  readonly target: string;
  /** `unknown`: no whole answer came, so the change may have taken effect. */
  readonly result: "done" | "refused" | "unknown" | "not-sent";
  /** The status of the answer; null if none came. */
  readonly status: number | null;
  /** The service's own id of the request. */
  readonly requestId: string | null;
  /** Fields that say what was changed. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Receives each change once its answer has come, or has failed to come. */
export type OnChange = (change: OutsideChange) => void;

/** Fields that say what an object is. For a new object, only the answer has its ids. */
const telling = [
  "id",
  "name",
  "namespace",
  "uid",
  "displayName",
  "uniqueName",
  "appId",
  "keyId",
  "endDateTime",
  "roleDefinitionId",
  "principalId",
  "condition",
];
/** Objects that hold some of these fields. */
const holding = ["metadata", "properties", "passwordCredential"];
const longestFact = 1000;

/** What the bodies of a request and of its answer say about the object that was changed. */
export function factsIn(...bodies: ReadonlyArray<string | null | undefined>): Record<string, unknown> {
  const facts: Record<string, unknown> = {};
  for (const body of bodies) {
    const object = parsed(body);
    for (const part of [object, ...holding.map((name) => asObject(object[name]))]) {
      for (const name of telling) {
        const value = part[name];
        if (typeof value === "string" && value.length <= longestFact) facts[name] = value;
      }
    }
  }
  return facts;
}

/** The result of a request that got no whole answer. */
export function resultWithout(error: unknown): OutsideChange["result"] {
  return error instanceof ExchangeError && error.failure === "no-connection" ? "not-sent" : "unknown";
}

/** The result that a status stands for. */
export function resultBy(status: number): OutsideChange["result"] {
  return status >= 200 && status < 300 ? "done" : "refused";
}

function parsed(body: string | null | undefined): Readonly<Record<string, unknown>> {
  try {
    return asObject(JSON.parse(body ?? ""));
  } catch {
    return {};
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
