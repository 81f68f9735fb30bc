import { AsyncLocalStorage } from "node:async_hooks";
import type { ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Server as HttpServer } from "node:http";
import type { Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { PipelinePolicy, PipelineResponse } from "@azure/core-rest-pipeline";
import { untilAborted } from "../domain/until-aborted.ts";
import { parsedRecord } from "./json-fields.ts";

interface Attempt {
  readonly signal: AbortSignal;
  pollIntervalMs: number;
}

/**
 * Makes sign-ins of `@azure/identity` stoppable. The SDK takes a signal but mostly ignores it. Its requests continue.
 * While it polls for a device code, it checks the signal between polls, but not during the pauses. It waits to the end
 * for a browser's answer, with a server of its own, and for the Azure CLI. Each of these keeps a process alive after
 * its run is over, for up to a quarter of an hour.
 */
export class StoppableSignIn {
  /** The attempt that a request, a server or a child process belongs to, however deep in the SDK it was made. */
  readonly #attempts = new AsyncLocalStorage<Attempt>();
  #underway = 0;
  /** Whether any attempt was stopped. Parts of it may continue for a while, and must still find their attempt. */
  #stopped = false;

  /** Must be first among the policies of the SDK's client. */
  readonly policy: PipelinePolicy = {
    name: "acrPullStopPolicy",
    sendRequest: async (request, next) => {
      const attempt = this.#attempts.getStore();
      if (!attempt) return next(request);
      request.abortSignal = attempt.signal;
      return await pollHere(await next(request), attempt);
    },
  };

  /**
   * Signs in. When the signal aborts, everything that belongs to the sign-in stops.
   * @throws the signal's reason, as soon as it aborts; Node's error if a program could not be started
   */
  async run<T>(stop: AbortSignal, signIn: () => Promise<T>): Promise<T> {
    stop.throwIfAborted();
    const failed = new AbortController();
    const signal = AbortSignal.any([stop, failed.signal]);
    const attempt = { signal, pollIntervalMs: 0 };
    const isMine = () => this.#attempts.getStore() === attempt;
    const onServer = (message: unknown) => {
      const { server } = message as { readonly server: Server };
      if (isMine()) signal.addEventListener("abort", () => closeServer(server), { once: true });
    };
    const onChild = (message: unknown) => {
      const { process: child } = message as { readonly process: ChildProcess };
      if (!isMine()) return;
      // The SDK does not listen for errors when it starts a browser, and an unhandled one ends the process.
      child.once("error", (error) => failed.abort(error));
      signal.addEventListener("abort", () => leave(child), { once: true });
    };
    // https://nodejs.org/docs/latest-v20.x/api/diagnostics_channel.html#built-in-channels
    subscribe("tracing:net.server.listen:asyncStart", onServer);
    subscribe("child_process", onChild);
    this.#underway += 1;
    try {
      return await untilAborted(this.#attempts.run(attempt, signIn), signal);
    } finally {
      unsubscribe("tracing:net.server.listen:asyncStart", onServer);
      unsubscribe("child_process", onChild);
      this.#underway -= 1;
      this.#stopped ||= signal.aborted;
      // Before Node 24, every await anywhere is slower while this is on.
      if (this.#underway === 0 && !this.#stopped) this.#attempts.disable();
    }
  }
}

/**
 * Takes over the pauses between polls: the SDK is told to poll without pauses, and gets each "not yet" only after the
 * pause that the service asked for.
 * Source: https://datatracker.ietf.org/doc/html/rfc8628#section-3.5
 */
async function pollHere(response: PipelineResponse, attempt: Attempt): Promise<PipelineResponse> {
  const answer = parsedRecord(response.bodyAsText);
  if (typeof answer["device_code"] === "string" && typeof answer["interval"] === "number") {
    attempt.pollIntervalMs = answer["interval"] * 1000;
    return { ...response, bodyAsText: JSON.stringify({ ...answer, interval: 0 }) };
  }
  if (answer["error"] === "authorization_pending") {
    await sleep(attempt.pollIntervalMs, undefined, { signal: attempt.signal });
  }
  return response;
}

function closeServer(server: Server): void {
  server.close();
  if (server instanceof HttpServer) server.closeAllConnections();
}

/** Stops waiting for a program's output. A browser stays open: nobody reads its output. */
function leave(child: ChildProcess): void {
  if (!child.stdout) return;
  child.kill();
  // The program may be a shell whose own child still holds the output open.
  child.stdout.destroy();
  child.stderr?.destroy();
}
