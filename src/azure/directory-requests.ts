import type { GraphRequest } from "@microsoft/microsoft-graph-client";
import { hasCode } from "../domain/errors.ts";
import { ExchangeError } from "../domain/http-exchange.ts";
import { perform } from "./azure-errors.ts";
import type { Graph, GraphCall } from "./graph-client.ts";
import type { JsonObject } from "./json-fields.ts";
import { answerOf } from "./service-failure.ts";

/** Requests to the directory whose failures say what was being done. `doing` continues `Could not`. */
export interface DirectoryRequests {
  /** For callers that handle a refusal before it becomes an ActionableError. */
  readonly graph: Graph;
  /** Runs one request, or several that belong together, and turns their failures into ActionableErrors. */
  readonly perform: <T>(doing: string, signal: AbortSignal, work: () => Promise<T>) => Promise<T>;
  readonly ask: (doing: string, call: GraphCall, signal: AbortSignal) => Promise<JsonObject | undefined>;
  /** Every item, or the first `atMost` of them. */
  readonly list: (
    doing: string,
    at: GraphRequest,
    signal: AbortSignal,
    atMost?: number,
  ) => Promise<readonly JsonObject[]>;
  /** One object; undefined if there is none with that key. */
  readonly find: <T>(
    doing: string,
    at: GraphRequest,
    read: (item: JsonObject) => T,
    signal: AbortSignal,
  ) => Promise<T | undefined>;
}

/** Requests by this client. */
export function directoryRequests(graph: Graph): DirectoryRequests {
  function inDirectory<T>(doing: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return perform({ doing, area: "directory" }, signal, work);
  }
  const ask: DirectoryRequests["ask"] = (doing, call, signal) =>
    inDirectory(doing, signal, () => graph.send(call, signal));
  return {
    graph,
    perform: inDirectory,
    ask,
    list: (doing, at, signal, atMost) => inDirectory(doing, signal, () => graph.list(at, signal, atMost)),
    async find(doing, at, read, signal) {
      try {
        const found = await ask(doing, { method: "get", at }, signal);
        return found && read(found);
      } catch (error) {
        if (hasCode(error, "directory.not-found")) return undefined;
        throw error;
      }
    },
  };
}

/** Whether a request may have taken effect although it failed. */
export function mayHaveBeenDone(error: unknown): boolean {
  if (error instanceof ExchangeError) {
    return (
      error.failure !== "no-connection" &&
      error.failure !== "untrusted-certificate" &&
      error.code !== "ECONNREFUSED"
    );
  }
  const status = answerOf(error)?.status ?? 0;
  return status === 408 || status >= 500;
}
