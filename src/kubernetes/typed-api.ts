import {
  AuthorizationV1Api,
  CoreV1Api,
  createConfiguration,
  ResponseContext,
  ServerConfiguration,
  wrapHttpLibrary,
  type HttpLibrary,
} from "@kubernetes/client-node";
import type { HttpAnswer } from "../domain/http-exchange.ts";
import type { KubernetesRequest } from "./kubernetes-http.ts";

/*
 * The part of the Kubernetes client that acr-pull uses, in a module of its own: it takes longer to load than everything
 * else that a run needs for Kubernetes.
 */

/** The typed API of a cluster. */
export interface TypedApi {
  readonly core: CoreV1Api;
  readonly authorization: AuthorizationV1Api;
}

/** The typed API at an address. That may have a path, as behind a proxy that serves many clusters. */
export function openTypedApi(server: string): TypedApi {
  const configuration = createConfiguration({ baseServer: new ServerConfiguration(server, {}) });
  return {
    core: new CoreV1Api(configuration),
    authorization: new AuthorizationV1Api(configuration),
  };
}

/** Makes a call of the typed API send its request with `send`, which resolves only to successes. */
export function httpLibrarySending(send: (request: KubernetesRequest) => Promise<HttpAnswer>): HttpLibrary {
  return wrapHttpLibrary({
    async send(request) {
      const body = request.getBody();
      const { status, body: answer } = await send({
        method: request.getHttpMethod().toString(),
        url: new URL(request.getUrl()),
        body: typeof body === "string" ? body : undefined,
      });
      return new ResponseContext(
        status,
        { "content-type": "application/json" },
        { text: () => Promise.resolve(answer.toString("utf8")), binary: () => Promise.resolve(answer) },
      );
    },
  });
}
