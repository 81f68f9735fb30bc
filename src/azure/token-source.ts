import type { AccessToken, TokenCredential } from "@azure/identity";
import type { AuthMethod } from "../domain/identity.ts";
import type { SdkClientOptions } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import { deviceCodeCredential, type DeviceCodePrompt } from "./device-code.ts";
import { environmentCredential, refuseDomain } from "./environment-credential.ts";

/** Asks for a token for an audience; `claims` is what it has to satisfy beside. */
export type TokenSource = (
  scope: string,
  claims: string | undefined,
  signal: AbortSignal,
) => Promise<AccessToken | null>;

/** Where to sign in, and with what. */
export interface TokenSourceOptions {
  readonly tenant: string | undefined;
  readonly cloud: Cloud;
  /** The variables that `@azure/identity` reads, to choose a method by. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onDeviceCode: (prompt: DeviceCodePrompt) => void;
}

/** Azure CLI starts a Python interpreter; on a busy machine that takes its time. */
const cliLimitMs = 60_000;

/**
 * The SDK's credential for a method of signing in; asks for nothing yet.
 * @throws ActionableError `azure.wrong-tenant`, exit 2, where the method takes no tenant but by its id
 */
export async function createSdkCredential(
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
      return new identity.WorkloadIdentityCredential({ ...common, ...inTenant });
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
