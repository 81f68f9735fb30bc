import { ActionableError } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import { ExchangeError } from "../domain/http-exchange.ts";
import type { AuthMethod } from "../domain/identity.ts";
import { learnSecret } from "../domain/known-secrets.ts";
import type { Variables } from "../domain/proxy.ts";
import { SecretText } from "../domain/secret-text.ts";
import { unansweredError } from "./azure-errors.ts";
import type { AzureHttp, AzureRequest } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import { parsedRecord, text } from "./json-fields.ts";
import { isBusy } from "./sign-in-errors.ts";
import { readVariableFile, unreadable } from "./variable-file.ts";

/** A method by which a workload signs in with a token of its own. */
export type FederatedMethod = Extract<AuthMethod, "workload-identity" | "github" | "azure-pipelines">;

/** Whether a method is one of them. */
export function isFederated(method: AuthMethod): method is FederatedMethod {
  return method === "workload-identity" || method === "github" || method === "azure-pipelines";
}

/** A workload with tokens of its own, and the application that trusts them. */
export interface Workload {
  readonly method: FederatedMethod;
  /** Id or domain. */
  readonly tenant: string;
  readonly appId: string;
  /** Gets a token that is valid now. It lives for minutes, so each call asks for a new one. */
  readonly token: (signal: AbortSignal) => Promise<SecretText>;
}

/**
 * The workload that the variables describe.
 * @throws ActionableError `azure.not-signed-in` that names what is missing
 */
export function workloadIn(
  method: FederatedMethod,
  env: Variables,
  tenant: string | undefined,
  { cloud, http }: { readonly cloud: Cloud; readonly http: AzureHttp },
): Workload {
  const need = (name: string, fix: string) => env[name] || fail(missing(method, name, fix));
  const who = () => principalIn(method, env, tenant, need);
  switch (method) {
    case "workload-identity": {
      const file = need("AZURE_FEDERATED_TOKEN_FILE", "Set it to the file with the workload's token.");
      return { method, ...who(), token: (signal) => tokenInFile(file, signal) };
    }
    case "github": {
      const url = need("ACTIONS_ID_TOKEN_REQUEST_URL", githubFix);
      const bearer = need("ACTIONS_ID_TOKEN_REQUEST_TOKEN", githubFix);
      const request = { method: "GET", ...withQuery(url, { audience: cloud.federationAudience }) } as const;
      return { method, ...who(), token: asking({ from: "GitHub", request, bearer, field: "value" }, http) };
    }
    case "azure-pipelines": {
      const url = need("SYSTEM_OIDCREQUESTURI", "Run this as a step of Azure Pipelines.");
      const bearer = need(
        "SYSTEM_ACCESSTOKEN",
        "Map it in the step: env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)",
      );
      const serviceConnectionId = need("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", connectionFix);
      const query = { "api-version": "7.1", serviceConnectionId };
      const request = { method: "POST", ...withQuery(url, query) } as const;
      return {
        method,
        ...who(),
        token: asking({ from: "Azure Pipelines", request, bearer, field: "oidcToken" }, http),
      };
    }
    default:
      return method satisfies never;
  }
}

const githubFix =
  "Give the job the permission id-token: write. A run that a pull request from a fork started never has it.";
const connectionFix =
  "Run the step as the task AzureCLI@2, AzureCLI@3 or AzurePowerShell@5, with the service connection to sign in with.";

/** The application and its tenant. Azure Pipelines names those of a service connection in variables of its own. */
function principalIn(
  method: FederatedMethod,
  env: Variables,
  tenant: string | undefined,
  need: (name: string, fix: string) => string,
): Pick<Workload, "tenant" | "appId"> {
  const isNamed = Boolean(env["AZURE_CLIENT_ID"]);
  if (method === "azure-pipelines" && !isNamed) {
    return {
      appId: need("AZURESUBSCRIPTION_CLIENT_ID", connectionFix),
      tenant: tenant ?? need("AZURESUBSCRIPTION_TENANT_ID", connectionFix),
    };
  }
  return {
    appId: need("AZURE_CLIENT_ID", "Set it to the id of the application that trusts the job's tokens."),
    tenant:
      tenant ?? need("AZURE_TENANT_ID", "Set it to the id of the application's tenant, or use --tenant."),
  };
}

function fail(error: ActionableError): never {
  throw error;
}

function missing(method: FederatedMethod, name: string, fix: string): ActionableError {
  return notSignedIn(`Could not sign in (--auth ${method}): ${name} is not set.`, { hint: fix });
}

function notSignedIn(
  message: string,
  more: { readonly hint?: string; readonly retryable?: boolean },
): ActionableError {
  return new ActionableError(message, {
    ...more,
    code: "azure.not-signed-in",
    exitCode: exitCode.notAllowed,
  });
}

function withQuery(address: string, query: Readonly<Record<string, string>>): Pick<AzureRequest, "url"> {
  if (!URL.canParse(address)) return { url: address };
  const url = new URL(address);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return { url: url.href };
}

/** The request for a token of a CI service. */
interface TokenQuestion {
  /** The name of the service. */
  readonly from: string;
  readonly request: Pick<AzureRequest, "method" | "url">;
  readonly bearer: string;
  /** The field of the answer that holds the token. */
  readonly field: string;
}

/**
 * Sources: https://docs.github.com/actions/reference/security/oidc, and AzurePipelinesCredential of `@azure/identity`.
 * acr-pull does not use that one, because it reads only the variables of the process and shows the whole answer in its
 * errors.
 */
function asking({ from, request, bearer, field }: TokenQuestion, http: AzureHttp): Workload["token"] {
  const headers = {
    accept: "application/json",
    authorization: `Bearer ${bearer}`,
    "content-type": "application/json",
    // Otherwise Azure DevOps redirects a request that it refuses to a web page.
    "x-tfs-fedauthredirect": "Suppress",
  };
  return async (signal) => {
    const doing = `ask ${from} for the job's token`;
    if (!URL.canParse(request.url)) throw notSignedIn(`Could not ${doing}: its address is not a URL.`, {});
    const answer = await http
      .send({ ...request, headers, repeatable: true }, signal)
      .catch((error: unknown) => {
        throw error instanceof ExchangeError ? unansweredError(error, doing) : error;
      });
    const token = text(parsedRecord(answer.bodyAsText)[field]);
    if (answer.status === 200 && token !== undefined) return known(token);
    const retryable = isBusy(answer.status);
    throw notSignedIn(`Could not ${doing}: it answered with status ${answer.status} and no token.`, {
      hint: retryable
        ? "Run the same command again later."
        : "Check that the job is still running, and that it may use the service connection or has the permission id-token: write.",
      retryable,
    });
  };
}

/** Reads the file each time: the program that writes it replaces the token before it ends. */
async function tokenInFile(file: string, signal: AbortSignal): Promise<SecretText> {
  const variable = "AZURE_FEDERATED_TOKEN_FILE";
  const token = (await readVariableFile(variable, file, signal)).toString("utf8").trim();
  if (token === "") throw unreadable(variable, file, "it is empty");
  return known(token);
}

/** From now on acr-pull shows nothing that repeats the token. */
function known(token: string): SecretText {
  learnSecret(token);
  return new SecretText(token);
}
