import { ActionableError } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import type { AuthMethod } from "../domain/identity.ts";
import { learnSecret } from "../domain/known-secrets.ts";
import { readNamedFile, whyFileFailed } from "../domain/named-file.ts";
import { SecretText } from "../domain/secret-text.ts";
import { perform } from "./azure-errors.ts";
import type { AzureHttp, AzureRequest } from "./azure-http.ts";
import { parsedRecord, text } from "./json-fields.ts";
import { isBusy } from "./sign-in-errors.ts";
import type { ShownPrincipal, TokenSourceOptions } from "./token-source.ts";

/** A method by which a workload signs in with a token of its own. */
export type WorkloadMethod = Extract<AuthMethod, "workload-identity" | "github" | "azure-pipelines">;

const githubFix =
  "Give the job the permission id-token: write. A run that a pull request from a fork started never has it.";
const connectionFix =
  "Run the step as the task AzureCLI@2, AzureCLI@3 or AzurePowerShell@5, with the service connection to sign in with.";

/**
 * What the workload shows that the variables describe: its application, and a token of its own. The token lives for
 * minutes, so each call gets a new one.
 * @throws ActionableError `azure.not-signed-in` that names what is missing
 */
export function workloadIn(
  method: WorkloadMethod,
  { cloud, env, http, tenant }: Pick<TokenSourceOptions, "cloud" | "env" | "http" | "tenant">,
): (signal: AbortSignal) => Promise<ShownPrincipal> {
  const need = (name: string, fix: string): string => {
    const value = env[name];
    if (value) return value;
    throw notSignedIn(`Could not sign in (--auth ${method}): ${name} is not set.`, { hint: fix });
  };
  const showing = (token: (signal: AbortSignal) => Promise<string>) => {
    // Azure Pipelines names the application of a service connection in variables of its own.
    const isConnection = method === "azure-pipelines" && !env["AZURE_CLIENT_ID"];
    const appId = isConnection
      ? need("AZURESUBSCRIPTION_CLIENT_ID", connectionFix)
      : need("AZURE_CLIENT_ID", "Set it to the id of the application that trusts the job's tokens.");
    const there = isConnection
      ? (tenant ?? need("AZURESUBSCRIPTION_TENANT_ID", connectionFix))
      : (tenant ?? need("AZURE_TENANT_ID", "Set it to the id of the application's tenant, or use --tenant."));
    return async (signal: AbortSignal) => {
      const assertion = await token(signal);
      // From now on acr-pull shows nothing that repeats the token.
      learnSecret(assertion);
      return { tenant: there, appId, assertion: new SecretText(assertion) };
    };
  };
  switch (method) {
    case "workload-identity": {
      const file = need("AZURE_FEDERATED_TOKEN_FILE", "Set it to the file with the workload's token.");
      return showing((signal) => tokenInFile(file, signal));
    }
    case "github": {
      const url = need("ACTIONS_ID_TOKEN_REQUEST_URL", githubFix);
      const bearer = need("ACTIONS_ID_TOKEN_REQUEST_TOKEN", githubFix);
      const query = { audience: cloud.federationAudience };
      return showing(asking({ from: "GitHub", method: "GET", url, query, bearer, field: "value" }, http));
    }
    case "azure-pipelines": {
      const url = need("SYSTEM_OIDCREQUESTURI", "Run this as a step of Azure Pipelines.");
      const bearer = need(
        "SYSTEM_ACCESSTOKEN",
        "Map it in the step: env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)",
      );
      const serviceConnectionId = need("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", connectionFix);
      const query = { "api-version": "7.1", serviceConnectionId };
      const from = "Azure Pipelines";
      return showing(asking({ from, method: "POST", url, query, bearer, field: "oidcToken" }, http));
    }
    default:
      return method satisfies never;
  }
}

/** The request for a token of a CI service. */
interface TokenQuestion {
  /** The name of the service. */
  readonly from: string;
  readonly method: AzureRequest["method"];
  readonly url: string;
  readonly query: Readonly<Record<string, string>>;
  readonly bearer: string;
  /** The field of the answer that holds the token. */
  readonly field: string;
}

/**
 * Sources: https://docs.github.com/actions/reference/security/oidc, and AzurePipelinesCredential of `@azure/identity`.
 * acr-pull does not use that one, because it reads only the variables of the process and shows the whole answer in its
 * errors. For GitHub the SDK has none.
 */
function asking({ from, method, url: address, query, bearer, field }: TokenQuestion, http: AzureHttp) {
  const doing = `ask ${from} for the job's token`;
  if (!URL.canParse(address)) throw notSignedIn(`Could not ${doing}: its address is not a URL.`);
  const url = new URL(address);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const headers = {
    accept: "application/json",
    authorization: `Bearer ${bearer}`,
    "content-type": "application/json",
    // Otherwise Azure DevOps redirects a request that it refuses to a web page.
    "x-tfs-fedauthredirect": "Suppress",
  };
  return async (signal: AbortSignal): Promise<string> => {
    const { status, bodyAsText } = await perform({ doing, area: "directory" }, signal, () =>
      http.send({ method, url: url.href, headers, repeatable: true }, signal),
    );
    const token = text(parsedRecord(bodyAsText)[field]);
    if (status === 200 && token !== undefined) return token;
    const retryable = isBusy(status);
    throw notSignedIn(`Could not ${doing}: it answered with status ${status} and no token.`, {
      hint: retryable
        ? "Run the same command again later."
        : "Check that the job is still running, and that it may use the service connection or has the permission id-token: write.",
      retryable,
    });
  };
}

/** Reads the file each time: the program that writes it replaces the token before it ends. */
async function tokenInFile(file: string, signal: AbortSignal): Promise<string> {
  const unreadable = (why: string) =>
    notSignedIn(`The file in AZURE_FEDERATED_TOKEN_FILE, ${file}, cannot be read: ${why}.`);
  const content = await readNamedFile(file, { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw unreadable(whyFileFailed(error));
  });
  const token = content.toString("utf8").trim();
  if (token === "") throw unreadable("it is empty");
  return token;
}

function notSignedIn(
  message: string,
  more: { readonly hint?: string; readonly retryable?: boolean } = {},
): ActionableError {
  return new ActionableError(message, {
    ...more,
    code: "azure.not-signed-in",
    exitCode: exitCode.notAllowed,
  });
}
