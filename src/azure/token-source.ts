import type { AccessToken, TokenCredential } from "@azure/identity";
import type { AuthMethod } from "../domain/identity.ts";
import type { AzureHttp, SdkClientOptions } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import { deviceCodeCredential, type DeviceCodePrompt } from "./device-code.ts";
import { checkNamedFile, environmentCredential, passwordIn, refuseDomain } from "./environment-credential.ts";
import { passwordSource, type FailedTokenRequest } from "./password-sign-in.ts";
import { StoppableSignIn } from "./stoppable-sign-in.ts";

/** Asks for a token for an audience; `claims` is what the token must satisfy besides. */
export type TokenSource = (
  scope: string,
  claims: string | undefined,
  signal: AbortSignal,
) => Promise<AccessToken | null>;

/** Where to sign in, and with what. */
export interface TokenSourceOptions {
  readonly tenant: string | undefined;
  readonly cloud: Cloud;
  /** The variables that choose a method and that name what it signs in with. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onDeviceCode: (prompt: DeviceCodePrompt) => void;
  readonly http: AzureHttp;
}

/** The Azure CLI starts a Python interpreter, which takes long on a busy machine. */
const cliLimitMs = 60_000;

/**
 * Where tokens come from; nothing is asked for yet.
 * @param onFailure told of each failed request: the SDK hides why it failed
 * @throws ActionableError `azure.wrong-tenant`, exit 2, if the method accepts a tenant only by its id
 */
export async function openTokenSource(
  method: AuthMethod,
  options: TokenSourceOptions,
  onFailure: (failure: FailedTokenRequest) => void,
): Promise<TokenSource> {
  const { http, env, tenant, cloud } = options;
  const principal = method === "environment" ? passwordIn(env, tenant) : undefined;
  if (principal) return passwordSource(principal, cloud, http, onFailure);
  const signIn = new StoppableSignIn();
  // A second request makes a second token, which does no harm.
  const client = http.clientOptions({ mayRepeat: () => true, writes: () => false }, onFailure);
  const stopping = { policy: signIn.policy, position: "perCall" as const };
  const additionalPolicies = [stopping, ...client.additionalPolicies];
  const credential = await createSdkCredential(method, options, {
    ...client,
    additionalPolicies,
  });
  return async (scope, claims, signal) => {
    // Every time, as the SDK reads it: a token in a file is replaced before it expires.
    await checkNamedFile(method, env, signal);
    return signIn.run(signal, () => credential.getToken(scope, claims === undefined ? {} : { claims }));
  };
}

async function createSdkCredential(
  method: AuthMethod,
  { cloud, env, tenant, onDeviceCode }: TokenSourceOptions,
  client: SdkClientOptions,
): Promise<TokenCredential> {
  const common = {
    ...client,
    authorityHost: cloud.authorityHost,
    // Only Microsoft's own clouds know each other's addresses.
    disableInstanceDiscovery: !cloud.isWellKnown,
  };
  const inTenant = tenant === undefined ? {} : { tenantId: tenant };
  const clientId = env["AZURE_CLIENT_ID"] ?? "";
  const identity = await import("@azure/identity");
  switch (method) {
    case "cli":
      return new identity.AzureCliCredential({ ...inTenant, processTimeoutInMs: cliLimitMs });
    case "environment":
      return environmentCredential(env, tenant, common);
    case "workload-identity":
      return new identity.WorkloadIdentityCredential({
        ...common,
        tenantId: tenant ?? env["AZURE_TENANT_ID"] ?? "",
        clientId,
        tokenFilePath: env["AZURE_FEDERATED_TOKEN_FILE"] ?? "",
      });
    case "managed-identity":
      refuseDomain(tenant, "A managed identity signs in");
      return new identity.ManagedIdentityCredential(clientId === "" ? common : { ...common, clientId });
    case "device-code":
      return deviceCodeCredential({ ...common, ...inTenant }, cloud, onDeviceCode);
    case "browser":
      return new identity.InteractiveBrowserCredential({ ...common, ...inTenant });
    default:
      return method satisfies never;
  }
}
