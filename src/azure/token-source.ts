import { exec, type ExecException } from "node:child_process";
import { promisify } from "node:util";
import type { AccessToken, TokenCredential } from "@azure/identity";
import { ActionableError, refused } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import type { AuthMethod } from "../domain/identity.ts";
import { isGuid } from "../domain/names.ts";
import type { Variables } from "../domain/proxy.ts";
import { SecretText } from "../domain/secret-text.ts";
import { shellQuote } from "../domain/shell-quote.ts";
import { untilAborted } from "../domain/until-aborted.ts";
import type { AzureHttp } from "./azure-http.ts";
import { httpsUrl, type Cloud } from "./cloud.ts";
import { principalSource } from "./sign-in-client.ts";
import { notSignedIn, type SignInAttempt } from "./sign-in-errors.ts";
import { workloadIn, type WorkloadMethod } from "./workload.ts";

/** Asks for a token for an audience; `claims` is what else the token must satisfy. */
export type TokenSource = (
  scope: string,
  claims: string | undefined,
  signal: AbortSignal,
) => Promise<AccessToken>;

/** A service principal, and what it shows to sign in: its password, or a token that its application trusts. */
export type ShownPrincipal = {
  /** Id or domain. */
  readonly tenant: string;
  readonly appId: string;
} & ({ readonly password: SecretText } | { readonly assertion: SecretText });

/** What a person must do to sign in with a device code: open the page and enter the code there. */
interface DeviceCodePrompt {
  readonly userCode: string;
  readonly verificationUri: string;
  /** Whether a service demands more than the sign-in before showed. */
  readonly again: boolean;
}

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
}

/** The Azure CLI starts a Python interpreter, which takes a while on a busy machine. */
const cliLimitMs = 60_000;

/**
 * Opens the source of the tokens. Requests none yet.
 * @param attempt learns what was shown, and why a request failed: the SDK hides that
 * @throws ActionableError `azure.not-signed-in` if something to sign in with is missing; `azure.wrong-tenant`, exit 2,
 *   if the method accepts a tenant only by its id; `azure.wrong-cloud` if the Azure CLI is set to another cloud
 */
export async function openTokenSource(
  options: TokenSourceOptions,
  attempt: SignInAttempt,
): Promise<TokenSource> {
  const { cloud, env, http, tenant = env["AZURE_TENANT_ID"] } = options;
  const { method } = attempt;
  const { AZURE_CLIENT_ID: appId, AZURE_CLIENT_SECRET: secret } = env;
  if (method === "environment" && tenant && appId && secret) {
    const principal = { tenant, appId, password: new SecretText(secret) };
    return principalSource(() => Promise.resolve(principal), cloud, http, attempt);
  }
  if (method === "workload-identity" || method === "github" || method === "azure-pipelines") {
    return principalSource(workloadIn(method, options), cloud, http, attempt);
  }
  const credential = await sdkCredential(method, options, attempt);
  return async (scope, claims, signal) => {
    const asked = { abortSignal: signal, ...(claims !== undefined && { claims }) };
    // The SDK mostly ignores the signal. What goes on in it ends with the process.
    const token = await untilAborted(credential.getToken(scope, asked), signal);
    if (!token) throw new Error("no token was issued");
    return token;
  };
}

async function sdkCredential(
  method: Exclude<AuthMethod, WorkloadMethod>,
  { cloud, env, http, tenant, subscription, onDeviceCode }: TokenSourceOptions,
  attempt: SignInAttempt,
): Promise<TokenCredential> {
  const inTenant = tenant === undefined ? {} : { tenantId: tenant };
  const options = {
    ...http.signInOptions((failure) => (attempt.failure = failure)),
    authorityHost: cloud.authorityHost,
    // Only Microsoft's own clouds know each other's addresses.
    disableInstanceDiscovery: !cloud.isWellKnown,
  };
  const identity = await import("@azure/identity");
  switch (method) {
    case "cli": {
      if (!cloud.isWellKnown) await checkCloudOfCli(cloud, env);
      const cli = { ...inTenant, processTimeoutInMs: cliLimitMs };
      const usual = new identity.AzureCliCredential(cli);
      // The SDK refuses names with any other letter.
      if (tenant !== undefined || !subscription || !/^[\w. -]+$/.test(subscription)) return usual;
      return inSubscription(new identity.AzureCliCredential({ ...cli, subscription }), usual);
    }
    case "managed-identity": {
      if (tenant !== undefined && !isGuid(tenant)) throw domainGiven(tenant);
      const clientId = env["AZURE_CLIENT_ID"];
      return new identity.ManagedIdentityCredential(clientId ? { ...options, clientId } : options);
    }
    case "device-code": {
      let again = false;
      const credential = new identity.DeviceCodeCredential({
        ...options,
        ...inTenant,
        // The service's own message could say anything, so it is not passed on.
        userPromptCallback: ({ userCode, verificationUri }) =>
          onDeviceCode({ userCode, verificationUri, again }),
      });
      return {
        getToken: (scopes, asked) => {
          again = asked?.claims !== undefined;
          return credential.getToken(scopes, asked);
        },
      };
    }
    case "browser":
      await checkBrowser(env);
      return new identity.InteractiveBrowserCredential({ ...options, ...inTenant });
    case "environment": {
      // The SDK's own EnvironmentCredential reads only the variables of the process, and knows no other tenant.
      const { AZURE_CLIENT_ID: clientId, AZURE_CLIENT_CERTIFICATE_PATH: certificatePath } = env;
      const tenantId = tenant ?? env["AZURE_TENANT_ID"];
      if (!tenantId || !clientId || !certificatePath) {
        throw notSignedIn("Could not sign in (--auth environment): the variables are not complete.", attempt);
      }
      const certificatePassword = env["AZURE_CLIENT_CERTIFICATE_PASSWORD"];
      const certificate = { certificatePath, ...(certificatePassword && { certificatePassword }) };
      const sendCertificateChain = /^(?:true|1)$/i.test(env["AZURE_CLIENT_SEND_CERTIFICATE_CHAIN"] ?? "");
      return new identity.ClientCertificateCredential(tenantId, clientId, certificate, {
        ...options,
        sendCertificateChain,
      });
    }
    default:
      return method satisfies never;
  }
}

/**
 * The Azure CLI in the tenant of a subscription. One that it does not know may have been made or granted since its
 * last az login, so then it is asked as if none were given.
 */
function inSubscription(there: TokenCredential, usual: TokenCredential): TokenCredential {
  return {
    getToken: (...asked) =>
      there.getToken(...asked).catch((error: unknown) => {
        if (!/Subscription '.*' not found/.test(String(error))) throw error;
        return usual.getToken(...asked);
      }),
  };
}

/** A managed identity signs in to its own tenant. Only an id can be compared with that. */
function domainGiven(tenant: string): ActionableError {
  return refused(
    "azure.wrong-tenant",
    `A managed identity signs in to its own tenant, which cannot be compared with --tenant ${tenant}.`,
    "Name the tenant by its id, or omit --tenant.",
  );
}

/** Without a program to open it with, the SDK would end the process. */
async function checkBrowser(env: Variables): Promise<void> {
  if (process.platform !== "linux" || env["WSL_DISTRO_NAME"]) return;
  await promisify(exec)("command -v xdg-open").catch((error: unknown) => {
    throw new ActionableError(
      "No browser can be opened here.",
      {
        code: "azure.not-signed-in",
        hint: "Sign in on another screen with --auth device-code.",
        exitCode: exitCode.notAllowed,
      },
      { cause: error },
    );
  });
}

/**
 * Checks that the Azure CLI is set to a cloud. It gives a token for whatever audience it is asked, so another cloud
 * could have itself sent tokens of the one that somebody is signed in to.
 * @throws ActionableError `azure.wrong-cloud`; an error in the Azure CLI's words if it fails
 */
async function checkCloudOfCli({ resourceManager }: Cloud, env: Variables): Promise<void> {
  const command = "az cloud show --query endpoints.resourceManager --output tsv";
  // As the SDK does: by a shell, which finds az.cmd on Windows, and in a folder where nobody can leave an az.
  const cwd = process.platform === "win32" ? (env["SystemRoot"] ?? "C:\\Windows") : "/bin";
  const { stdout } = await promisify(exec)(command, { cwd, timeout: cliLimitMs }).catch(
    (error: ExecException) => {
      throw new Error(error.stderr?.trim() || error.message, { cause: error });
    },
  );
  const set = stdout.trim();
  if (httpsUrl(set) === resourceManager) return;
  throw new ActionableError(
    `The Azure CLI is set to the cloud of ${set}, not to that of ${resourceManager}, so it is asked for no token.`,
    {
      code: "azure.wrong-cloud",
      hint: [
        "Set it to that cloud, which az cloud list may name, and sign in there: az cloud set --name NAME; az login.",
        `If it does not know the cloud: az cloud register --name NAME --endpoint-resource-manager ${shellQuote(resourceManager)}.`,
      ].join("\n"),
      docs: "https://learn.microsoft.com/cli/azure/manage-clouds-azure-cli",
      exitCode: exitCode.notAllowed,
    },
  );
}
