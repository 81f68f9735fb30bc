import { withRetries } from "../domain/retry.ts";
import type { AzureHttp } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import type { Credential } from "./credential.ts";
import { createJsonService, type JsonService } from "./json-service.ts";
import { isAnswer } from "./service-failure.ts";

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
        // The directory was busy with another change of the object and did nothing: as good as a 429.
        (error) =>
          isAnswer(error, 409, "Directory_ConcurrencyViolation")
            ? { status: 429, idempotent: false }
            : undefined,
        signal,
      ),
  };
}
