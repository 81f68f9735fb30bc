import { ClientSecretCredential, DeviceCodeCredential } from "@azure/identity";
import { Client, GraphError } from "@microsoft/microsoft-graph-client";

/** What the real clients are asked to do: sign in, then send one request to Graph. */
export interface SdkCall {
  readonly azureUrl: string;
  readonly tenantId: string;
  /** Absent to sign in with a device code. */
  readonly client?: { readonly id: string; readonly secret: string };
  readonly method?: "get" | "post";
  readonly path: string;
  readonly body?: unknown;
}

async function answer({ azureUrl, tenantId, client, method = "get", path, body }: SdkCall): Promise<unknown> {
  const options = { authorityHost: azureUrl, disableInstanceDiscovery: true };
  const credential = client
    ? new ClientSecretCredential(tenantId, client.id, client.secret, options)
    : new DeviceCodeCredential({ ...options, tenantId, userPromptCallback: () => undefined });
  const graph = Client.initWithMiddleware({
    baseUrl: azureUrl,
    customHosts: new Set(["localhost"]),
    authProvider: {
      getAccessToken: async () => (await credential.getToken(`${azureUrl}/.default`)).token,
    },
  });
  try {
    return (await graph.api(path)[method](body)) as unknown;
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    const { statusCode, code, message, requestId } = error;
    return { statusCode, code, message, requestId };
  }
}

process.on("message", (message) => {
  const { id, input } = message as { id: number; input: SdkCall };
  void answer(input).then(
    (result) => process.send?.({ id, result: result ?? null }),
    (error: unknown) => process.send?.({ id, result: { thrown: String(error) } }),
  );
});
