import PQueue from "p-queue";
import { refused } from "../domain/errors.ts";
import { withOwnSignal } from "../domain/own-signal.ts";
import { exchange, type HttpAnswer } from "../domain/http-exchange.ts";
import { withoutSecrets } from "../domain/known-secrets.ts";
import { ApiStatusError, isRefusedInAdmission } from "./api-status.ts";
import { signInToCluster, type ClusterIdentity } from "./cluster-sign-in.ts";
import { isOffPath } from "./exec-program.ts";
import { pluginToRun } from "./kubeconfig-file.ts";
import type { Connection } from "./kubeconfig.ts";

/** How to talk to a cluster. */
export interface KubernetesHttpOptions {
  /** Called with a credential plugin's program before it runs, if it is not on the PATH. */
  readonly onPluginStart?: ((context: string, program: string) => void) | undefined;
  /** Called with each line that a credential plugin says. */
  readonly onPluginMessage?: ((context: string, line: string) => void) | undefined;
  /** Limits each wait for the cluster, including retries; in milliseconds. Default: what suits the request. */
  readonly timeoutMs?: number | undefined;
}

/** The most requests to a cluster at once. */
const mostAtOnce = 10;

interface Identity extends ClusterIdentity {
  /** Whether the cluster has accepted it before. If so, a 401 means that it has expired. */
  proven: boolean;
}

/** One request to the API server. */
export interface KubernetesRequest {
  readonly method: string;
  readonly url: URL;
  /** JSON; a merge patch for a PATCH. */
  readonly body: string | undefined;
}

/**
 * Sends requests to a cluster's API server. It keeps connections alive, sends a few at once, limits each wait,
 * obeys the abort signal, and notes the cluster's clock. The Kubernetes client's own transport does none of these: it
 * opens a connection and signs in for each request.
 */
export class KubernetesHttp {
  readonly #connection: Connection;
  readonly #options: KubernetesHttpOptions;
  readonly #queue: PQueue;
  #identity: Promise<Identity> | undefined;
  #clockAheadMs = 0;

  /** @throws ActionableError `kubernetes.insecure-tls` */
  constructor(connection: Connection, options: KubernetesHttpOptions) {
    const { cluster, context } = connection;
    const inTheClear = !cluster.server.toLowerCase().startsWith("https://");
    if (inTheClear || cluster.skipTlsVerify) {
      const [fault, fix] = inTheClear
        ? ["talks to its cluster without TLS", "name its server with https://, and put"]
        : [
            "does not verify its cluster's certificate (insecure-skip-tls-verify)",
            "remove insecure-skip-tls-verify, and put",
          ];
      throw refused(
        "kubernetes.insecure-tls",
        `Context ${context} ${fault}, so anybody in between could read the password.`,
        `In the kubeconfig, ${fix} the cluster's certificate authority into certificate-authority-data.`,
      );
    }
    this.#connection = connection;
    this.#options = options;
    this.#queue = new PQueue({ concurrency: mostAtOnce });
  }

  /** The longest wait for the cluster, including retries; in milliseconds. */
  get timeoutMs(): number {
    return this.#options.timeoutMs ?? Infinity;
  }

  /** The cluster's clock, according to its newest answer. */
  serverTime(): Date {
    return new Date(Date.now() + this.#clockAheadMs);
  }

  /**
   * Sends one request. If the sign-in has expired, signs in and sends it again.
   * @param limitMs the longest wait for an answer, including the wait for a turn
   * @throws ApiStatusError for every answer except a success
   */
  async send(request: KubernetesRequest, signal: AbortSignal, limitMs: number): Promise<HttpAnswer> {
    const identity = await this.#signIn(signal);
    const start = performance.now();
    const answer = await this.#exchange(request, identity, signal, limitMs);
    const hasRunOut = answer.status === 401 && identity.proven && !isRefusedInAdmission(answer);
    if (!hasRunOut) return accepted(answer, identity);
    const leftMs = limitMs - (performance.now() - start);
    this.#identity = undefined;
    const renewed = await this.#signIn(signal);
    return accepted(await this.#exchange(request, renewed, signal, leftMs), renewed);
  }

  async #exchange(
    { method, url, body }: KubernetesRequest,
    { headers, agent }: Identity,
    signal: AbortSignal,
    limitMs: number,
  ): Promise<HttpAnswer> {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const whole = {
      method,
      url,
      headers: {
        Accept: "application/json",
        ...(body !== undefined && { "Content-Type": type }),
        "User-Agent": "acr-pull",
        ...headers,
      },
      body,
      agent,
      writes: method !== "GET",
    };
    const end = performance.now() + limitMs;
    const answer = await withOwnSignal(signal, ({ signal: own }) => {
      let sent: Promise<HttpAnswer> | undefined;
      const send = () => (sent = exchange({ ...whole, limitMs: Math.max(1, end - performance.now()) }, own));
      // Once it is sent, it decides by itself when to give up: a write is still awaited for a moment.
      return this.#queue.add(send, { signal: own }).catch((error: unknown) => sent ?? Promise.reject(error));
    });
    const date = Date.parse(answer.headers.date ?? "");
    if (!Number.isNaN(date)) this.#clockAheadMs = date - Date.now();
    return answer;
  }

  /** Signs in once for all requests. They also share a failure, unless it was an abort. */
  #signIn(signal: AbortSignal): Promise<Identity> {
    this.#identity ??= this.#newIdentity(signal).catch((error: unknown) => {
      if (signal.aborted) this.#identity = undefined;
      throw error;
    });
    return this.#identity;
  }

  async #newIdentity(signal: AbortSignal): Promise<Identity> {
    const { context, user, variables } = this.#connection;
    const program = user && pluginToRun(user)?.command;
    if (program !== undefined && isOffPath(program, variables)) {
      this.#options.onPluginStart?.(context, program);
    }
    const say = (line: string) => this.#options.onPluginMessage?.(context, withoutSecrets(line));
    return { ...(await signInToCluster(this.#connection, say, signal)), proven: false };
  }
}

/** @throws ApiStatusError for an answer that is not a success */
function accepted(answer: HttpAnswer, identity: Identity): HttpAnswer {
  if (answer.status < 200 || answer.status > 299) throw new ApiStatusError(answer);
  identity.proven = true;
  return answer;
}
