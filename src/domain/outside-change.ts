import { ExchangeError } from "./http-exchange.ts";

/*
 * Requests that ask for a change outside, as a log tells them. Only what is named here of a request and its answer
 * gets into it, so that no secret does.
 */

/** Who asked for it. */
export type ChangeActor =
  | { readonly kind: "user" | "service-principal"; readonly name: string; readonly objectId: string }
  | { readonly kind: "kubeconfig-user"; readonly name: string; readonly context: string };

/** One request that asked for a change, and what came of it. */
export interface OutsideChange {
  readonly service: "entra" | "azure" | "kubernetes";
  /** Null where it is not known. */
  readonly actor: ChangeActor | null;
  /** The method, and what it was sent to. */
  readonly method: string;
  readonly target: string;
  /** `unknown`: no whole answer came, so that it may have taken effect. */
  readonly result: "done" | "refused" | "unknown" | "not-sent";
  /** Of the answer. */
  readonly status: number | null;
  /** The service's own id of the request. */
  readonly requestId: string | null;
  /** Fields that say what was changed. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Receives each change once its answer has come, or has not. */
export type OnChange = (change: OutsideChange) => void;

/** Names of fields that say what an object is; those of ids are in the answer alone when it was made. */
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
/** Objects that hold some of these. */
const holding = ["metadata", "properties", "passwordCredential"];
const longestFact = 1000;

/** What the bodies of a request and of its answer say of the object that was changed. */
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

/** How a request ended that got no whole answer. */
export function resultWithout(error: unknown): OutsideChange["result"] {
  return error instanceof ExchangeError && error.failure === "no-connection" ? "not-sent" : "unknown";
}

/** Whether a status is a success. */
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
