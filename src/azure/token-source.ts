import type {
  AccessToken,
  AzureCliCredential,
  AzureCliCredentialOptions,
  EnvironmentCredentialOptions,
  TokenCredential,
} from "@azure/identity";
import type { AuthMethod } from "../domain/identity.ts";
import { checkCloudOfCli } from "./az-cloud.ts";
import type { AzureHttp, SdkClientOptions } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import { deviceCodeCredential, type DeviceCodePrompt } from "./device-code.ts";
import { federatedSource } from "./federated-sign-in.ts";
import { StoppableSignIn } from "./stoppable-sign-in.ts";
import { principalSource, type FailedTokenRequest, type ShownPrincipal } from "./token-request.ts";
import { readVariableFile } from "./variable-file.ts";
import { isFederated, workloadIn, type FederatedMethod } from "./workload.ts";
import { refused } from "../domain/errors.ts";
import { isGuid } from "../domain/names.ts";
import type { Variables } from "../domain/proxy.ts";
import { SecretText } from "../domain/secret-text.ts";

/** Asks for a token for an audience; `claims` is what else the token must satisfy. */
export type TokenSource = (
  scope: string,
  claims: string | undefined,
  signal: AbortSignal,
) => Promise<AccessToken | null>;

/** Where to sign in, and with what. */
export interface TokenSourceOptions {
  readonly tenant: string | undefined;
  /** Id or name of a subscription: without a tenant, the Azure CLI signs in to that one's. */
  readonly subscription?: string | undefined;
  readonly cloud: Cloud;
  /** The environment variables that choose a method and name what it signs in with. */
  readonly env: Variables;
  readonly onDeviceCode: (prompt: DeviceCodePrompt) => void;
  readonly http: AzureHttp;
  /**
   * The tokens that are needed sooner or later. The Azure CLI is asked for all of them at once, because what it was
   * signed in with may be valid for only minutes, as after azure/login.
   */
  readonly ahead?: { readonly scopes: readonly string[]; readonly signal: AbortSignal };
}

/** The Azure CLI starts a Python interpreter, which takes a while on a busy machine. */
const cliLimitMs = 60_000;

/**
 * Opens the source of the tokens. Requests none yet.
 * @param onFailure called for each failed request: the SDK hides why it failed
 * @throws ActionableError `azure.wrong-tenant`, exit 2, if the method accepts a tenant only by its id;
 *   `azure.wrong-cloud` if the Azure CLI is set to another cloud
 */
export async function openTokenSource(
  method: AuthMethod,
  options: TokenSourceOptions,
  onFailure: (failure: FailedTokenRequest) => void,
): Promise<TokenSource> {
  const { http, env, tenant, cloud } = options;
  const principal = method === "environment" ? passwordIn(env, tenant) : undefined;
  if (principal) return principalSource(() => Promise.resolve(principal), cloud, http, onFailure);
  if (isFederated(method)) {
    return federatedSource(workloadIn(method, env, tenant, { cloud, http }), cloud, http, onFailure);
  }
  const signIn = new StoppableSignIn();
  if (method === "cli" && !cloud.isWellKnown) {
    const { signal } = options.ahead ?? new AbortController();
    await signIn.run(signal, () => checkCloudOfCli(cloud, env, cliLimitMs));
  }
  // A second request makes a second token, which does no harm.
  const client = http.clientOptions({ mayRepeat: () => true, writes: () => false }, onFailure);
  const stopping = { policy: signIn.policy, position: "perCall" as const };
  const additionalPolicies = [stopping, ...client.additionalPolicies];
  const credential = await createSdkCredential(method, options, {
    ...client,
    additionalPolicies,
  });
  return async (scope, claims, signal) => {
    await checkCertificate(method, env, signal);
    return signIn.run(signal, () => credential.getToken(scope, claims === undefined ? {} : { claims }));
  };
}

async function createSdkCredential(
  method: Exclude<AuthMethod, FederatedMethod>,
  { cloud, env, tenant, subscription, onDeviceCode }: TokenSourceOptions,
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
      return cliCredential(
        identity.AzureCliCredential,
        { ...inTenant, processTimeoutInMs: cliLimitMs },
        subscription,
      );
    case "environment":
      return environmentCredential(env, tenant, common);
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

/**
 * The Azure CLI, in the tenant of a subscription if no tenant is given. A subscription that it does not know may have
 * been made or granted since its last az login, so then it is asked as if none were given.
 */
function cliCredential(
  Credential: typeof AzureCliCredential,
  options: AzureCliCredentialOptions,
  subscription: string | undefined,
): TokenCredential {
  const usual = new Credential(options);
  // The SDK refuses names with any other letter.
  const isNameable = subscription !== undefined && /^[\w. -]+$/.test(subscription);
  if (options.tenantId !== undefined || !isNameable) return usual;
  const there = new Credential({ ...options, subscription });
  return {
    getToken: (...asked) =>
      there.getToken(...asked).catch((error: unknown) => {
        if (!/Subscription '.*' not found/.test(String(error))) throw error;
        return usual.getToken(...asked);
      }),
  };
}

/** The service principal and password in the variables; undefined if they are incomplete. */
function passwordIn(variables: Variables, tenant: string | undefined): ShownPrincipal | undefined {
  const { AZURE_TENANT_ID, AZURE_CLIENT_ID: appId, AZURE_CLIENT_SECRET: secret } = variables;
  const inTenant = tenant ?? AZURE_TENANT_ID;
  if (!inTenant || !appId || !secret) return undefined;
  return { tenant: inTenant, appId, password: new SecretText(secret) };
}

/**
 * A credential for the certificate, or the user's name and password, that the variables name. A certificate signs in to
 * the given tenant: the flag overrides the variable. The SDK's `EnvironmentCredential` does the same with the variables
 * of the process, but only in the tenant of AZURE_TENANT_ID.
 * Source: https://learn.microsoft.com/javascript/api/@azure/identity/environmentcredential
 * @throws ActionableError `azure.wrong-tenant` if a domain is given with a user's name and password
 * @throws CredentialUnavailableError if the variables name nothing
 */
async function environmentCredential(
  variables: Variables,
  tenant: string | undefined,
  options: EnvironmentCredentialOptions,
): Promise<TokenCredential> {
  const { AZURE_TENANT_ID, AZURE_CLIENT_ID: clientId, AZURE_CLIENT_CERTIFICATE_PATH } = variables;
  const { AZURE_USERNAME: username, AZURE_PASSWORD: password } = variables;
  const identity = await import("@azure/identity");
  const inTenant = tenant ?? AZURE_TENANT_ID;
  if (inTenant && clientId && AZURE_CLIENT_CERTIFICATE_PATH) {
    const certificatePassword = variables["AZURE_CLIENT_CERTIFICATE_PASSWORD"];
    return new identity.ClientCertificateCredential(
      inTenant,
      clientId,
      {
        certificatePath: AZURE_CLIENT_CERTIFICATE_PATH,
        ...(certificatePassword && { certificatePassword }),
      },
      {
        ...options,
        sendCertificateChain: /^(?:true|1)$/i.test(variables["AZURE_CLIENT_SEND_CERTIFICATE_CHAIN"] ?? ""),
      },
    );
  }
  if (clientId) refuseDomain(tenant, "A user named in environment variables signs in");
  if (AZURE_TENANT_ID && clientId && username && password) {
    return new identity.UsernamePasswordCredential(AZURE_TENANT_ID, clientId, username, password, options);
  }
  throw new identity.CredentialUnavailableError(
    "EnvironmentCredential is unavailable. No underlying credential could be used. To troubleshoot, visit https://aka.ms/azsdk/js/identity/environmentcredential/troubleshoot.",
  );
}

/**
 * Checks that the certificate in the variables can be read within limits. The SDK has no limits: if it waits for a
 * pipe, the process stays alive.
 * @throws ActionableError `azure.not-signed-in`; the signal's reason
 */
async function checkCertificate(method: string, variables: Variables, signal: AbortSignal): Promise<void> {
  const variable = "AZURE_CLIENT_CERTIFICATE_PATH";
  const file = variables[variable];
  if (method === "environment" && file) await readVariableFile(variable, file, signal);
}

/**
 * Refuses a domain as the tenant of a method that has its own tenant: only an id can be compared with that.
 * @param who names the method, as in `A managed identity signs in`; `to its own tenant` follows
 * @throws ActionableError `azure.wrong-tenant`
 */
function refuseDomain(tenant: string | undefined, who: string): void {
  if (tenant === undefined || isGuid(tenant)) return;
  throw refused(
    "azure.wrong-tenant",
    `${who} to its own tenant, which cannot be compared with --tenant ${tenant}.`,
    "Name the tenant by its id, or omit --tenant.",
  );
}
