import {
  AzureCliCredential,
  DeviceCodeCredential,
  InteractiveBrowserCredential,
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
  type TokenCredential,
} from "@azure/identity";
import type { SdkClientOptions } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import { environmentCredential, refuseDomain } from "./environment-credential.ts";
import type { AuthMethod } from "./sign-in-errors.ts";

/** What a person must do to sign in with a device code. */
export interface DeviceCodePrompt {
  readonly userCode: string;
  readonly verificationUri: string;
  /** Both in a sentence, in the service's words. */
  readonly message: string;
}

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
export function createTokenSource(
  method: AuthMethod,
  { cloud, env, tenant, onDeviceCode }: TokenSourceOptions,
  client: SdkClientOptions,
): TokenCredential {
  const common = {
    ...client,
    authorityHost: cloud.authorityHost,
    // Only Microsoft's own clouds know each other's addresses.
    disableInstanceDiscovery: !cloud.isWellKnown,
  };
  const inTenant = tenant === undefined ? {} : { tenantId: tenant };
  const clientId = env["AZURE_CLIENT_ID"] ?? "";
  const sources: Readonly<Record<AuthMethod, () => TokenCredential>> = {
    cli: () => new AzureCliCredential({ ...inTenant, processTimeoutInMs: cliLimitMs }),
    environment: () => environmentCredential(env, tenant, common),
    "workload-identity": () => new WorkloadIdentityCredential({ ...common, ...inTenant }),
    "managed-identity": () => {
      refuseDomain(tenant, "A managed identity signs in");
      return new ManagedIdentityCredential(clientId === "" ? common : { ...common, clientId });
    },
    "device-code": () =>
      new DeviceCodeCredential({ ...common, ...inTenant, userPromptCallback: onDeviceCode }),
    browser: () => new InteractiveBrowserCredential({ ...common, ...inTenant }),
  };
  return sources[method]();
}
