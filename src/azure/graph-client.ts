import { withRetries } from "../domain/retry.ts";
import type { AzureHttp } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import type { Credential } from "./credential.ts";
import { createJsonService, type JsonService } from "./json-service.ts";
import { answerOf, sameKeyValue } from "./service-failure.ts";

/** Microsoft Graph, v1.0, of a cloud, signed in as the credential. */
export function createGraphClient(cloud: Cloud, credential: Credential, http: AzureHttp): JsonService {
  const graph = createJsonService(
    { url: `${cloud.graph}/v1.0`, scope: cloud.graphScope, nextLink: "@odata.nextLink" },
    credential,
    http,
  );
  return {
    ...graph,
    send: (request, signal) =>
      withRetries(
        () => graph.send(request, signal),
        // It did nothing: as good as a 429.
        (error) => (wasBusy(error) ? { status: 429, idempotent: false } : undefined),
        signal,
      ),
  };
}

/**
 * Whether the directory refused a change because it was at another one of the same object. Its codes for that vary, as
 * do the statuses of some: what a 409 says otherwise is that something is there already.
 */
function wasBusy(error: unknown): boolean {
  const { status, codes } = answerOf(error) ?? { status: 0, codes: [] };
  if (status < 400 || status >= 500) return false;
  if (codes.some((code) => /Concurrency/i.test(code))) return true;
  return status === 409 && !codes.some((code) => code === sameKeyValue || code === "ObjectConflict");
}
