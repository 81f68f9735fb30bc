import { access, constants } from "node:fs/promises";
import { hostname } from "node:os";
import { delimiter, join } from "node:path";
import { ActionableError } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import type { AuthMethod } from "../domain/identity.ts";
import { ExchangeError } from "../domain/http-exchange.ts";
import type { Variables } from "../domain/proxy.ts";
import { azureError, unansweredError } from "./azure-errors.ts";
import { parsedRecord, text } from "./json-fields.ts";
import type { FailedTokenRequest } from "./token-request.ts";
import { federationError } from "./federation-errors.ts";
import { readAnswer, ServiceFailure } from "./service-failure.ts";

/** Entra's reason for a refusal. */
export interface EntraReason {
  /** The number after `AADSTS`. */
  readonly number: number;
  /** `AADSTS7000215: Invalid client secret provided.` */
  readonly sentence: string;
}

/** Entra's reason, read from the text of an error: the SDKs pass its number on nowhere else. */
export function entraReason(text: string): EntraReason | undefined {
  const groups = /AADSTS(?<number>\d+)(?::\s*(?<text>[^\r\n]*))?/.exec(text)?.groups;
  if (!groups) return undefined;
  const [line = ""] = (groups["text"] ?? "").split(/ (?:- )?(?:Trace|Correlation) ID:/);
  const sentence = /^.*?\.(?=\s|$)/.exec(line)?.[0] ?? line.trim();
  return {
    number: Number(groups["number"]),
    sentence: `AADSTS${groups["number"]}${sentence === "" ? "" : `: ${sentence}`}`,
  };
}

/** The sentence in the body of Entra's refusal; empty for any other body. */
export function entraDescription(body: string | null | undefined): string {
  return text(parsedRecord(body)["error_description"]) ?? "";
}

/** Whether the status says that Entra could not process the request. */
export function isBusy(status: number): boolean {
  return status === 429 || status >= 500;
}

// Numbers: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
const conditionalAccess = new Set([
  50005, 50072, 50074, 50076, 50079, 50097, 50158, 53000, 53001, 53002, 53003, 53004, 53009, 53010, 530002,
  530003, 530032, 530034,
]);
/** The service or the application is unknown there, which is so of all that are in another cloud. */
const otherCloud = new Set([500_011, 900_382]);
const wrongTenant = new Set([50020, 50128, 90002, 90072, 500208, 700016, 900021, 900023]);

/** How the sign-in was attempted. */
export interface SignInAttempt {
  readonly method: AuthMethod;
  readonly env: Variables;
  readonly tenant: string | undefined;
}

/**
 * The failure of a sign-in as an error that a person can act on.
 * @param error what the SDK threw. It often says only in words what went wrong, or not at all
 * @param last the last failed request, if any
 */
export async function signInFailure(
  error: unknown,
  last: FailedTokenRequest | undefined,
  attempt: SignInAttempt,
): Promise<unknown> {
  const { method, env } = attempt;
  if (error instanceof ActionableError) return error;
  if (last instanceof ExchangeError) return unansweredError(last, "sign in");
  if (last && isBusy(last.status)) {
    const answer = readAnswer(last.status, last.headers, undefined);
    return azureError(new ServiceFailure(answer), { doing: "sign in", area: "directory" });
  }
  if (method === "cli" && !(await isOnPath("az", env))) {
    return new ActionableError(
      "Not signed in: the Azure CLI is not installed.",
      {
        code: "azure.not-signed-in",
        hint:
          jobFix(env) ??
          "Install it and run az login; or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET; or use --auth device-code, or --auth managed-identity on a machine in Azure that has one.",
        docs: "https://aka.ms/azure-cli",
        exitCode: exitCode.notAllowed,
      },
      { cause: error },
    );
  }
  if (method === "browser" && error instanceof Error && "syscall" in error) {
    return new ActionableError(
      "No browser can be opened here.",
      {
        code: "azure.no-browser",
        hint: "Sign in on another screen with --auth device-code.",
        exitCode: exitCode.notAllowed,
      },
      { cause: error },
    );
  }
  const inWords = error instanceof Error ? error.message : String(error);
  return signInError(entraDescription(last?.bodyAsText) || inWords, attempt, error);
}

/** Whether a program is on the PATH in these variables. */
async function isOnPath(program: string, env: Variables): Promise<boolean> {
  const extensions = process.platform === "win32" ? (env["PATHEXT"] ?? ".EXE;.CMD").split(";") : [""];
  const files = (env["PATH"] ?? env["Path"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "")
    .flatMap((folder) => extensions.map((extension) => join(folder, program + extension)));
  const found = await Promise.all(
    files.map((file) =>
      access(file, constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

/**
 * A refused sign-in as an error that a person can act on.
 * @param text the SDK's message, or Entra's own
 */
export function signInError(text: string, attempt: SignInAttempt, cause?: unknown): ActionableError {
  const { method } = attempt;
  const reason = entraReason(text);
  if (reason && conditionalAccess.has(reason.number)) {
    return conditionalAccessError(reason, isPerson(attempt) ? "person" : "workload", cause);
  }
  if (reason && wrongTenant.has(reason.number)) return wrongTenantError(reason.sentence, cause);
  const federation = reason && federationError(reason, { method }, cause);
  if (federation) return federation;
  const [firstLine = ""] = text.split(/\r?\n/);
  return new ActionableError(
    `Could not sign in (--auth ${method}): ${reason?.sentence ?? firstLine.slice(0, 400)}`,
    {
      code: "azure.not-signed-in",
      hint: reason && otherCloud.has(reason.number) ? otherCloudFix : remedies[method](attempt),
      docs: "https://learn.microsoft.com/azure/developer/javascript/sdk/authentication/overview",
      exitCode: exitCode.notAllowed,
    },
    { cause },
  );
}

const otherCloudFix =
  "If the tenant is in another cloud, name that with --cloud, such as --cloud AzureUSGovernment. The Azure CLI has to be set to the same one: az cloud set --name AzureUSGovernment.";

/** Whether a person signed in, as far as the method shows. */
function isPerson({ method, env }: SignInAttempt): boolean {
  if (method === "environment") return !env["AZURE_CLIENT_SECRET"] && !env["AZURE_CLIENT_CERTIFICATE_PATH"];
  return method === "cli" || method === "browser" || method === "device-code";
}

/** What a person can do about Conditional Access, and what can be done for a workload. */
const conditionalAccessFixes = {
  person: {
    hint: "Sign in again with what the policy asks for (az login, from a managed device or an allowed network), or ask a tenant administrator.",
    docs: "https://learn.microsoft.com/entra/identity/conditional-access/troubleshoot-conditional-access",
  },
  workload: {
    hint: "It is a policy for workload identities, which goes by location or risk: ask a tenant administrator to exclude the application from it, or to add the addresses that this machine or runner connects from.",
    docs: "https://learn.microsoft.com/entra/identity/conditional-access/workload-identity",
  },
};

/** Conditional Access often refuses a machine for its location, so the error names the machine. */
function conditionalAccessError(
  reason: EntraReason,
  who: keyof typeof conditionalAccessFixes,
  cause?: unknown,
): ActionableError {
  return new ActionableError(
    `A Conditional Access policy of the tenant refuses the sign-in from this machine, ${hostname()}: ${reason.sentence}`,
    {
      code: "azure.conditional-access",
      ...conditionalAccessFixes[who],
      exitCode: exitCode.notAllowed,
    },
    { cause },
  );
}

/** The error if an account is unknown in the tenant that was asked for, or in the one that it is signed in to. */
export function wrongTenantError(why: string, cause?: unknown): ActionableError {
  return new ActionableError(
    `Wrong tenant: ${why}`,
    {
      code: "azure.wrong-tenant",
      hint: "Name the right one with --tenant, or sign in there: az login --tenant TENANT. In another cloud also set --cloud.",
      exitCode: exitCode.notAllowed,
    },
    { cause },
  );
}

/** The error for a refusal of an application that another password would not change; undefined for any other refusal. */
export function refusalOfTheTenant(reason: EntraReason): ActionableError | undefined {
  if (conditionalAccess.has(reason.number)) return conditionalAccessError(reason, "workload");
  return reason.number === 90002 || reason.number === 900023 ? wrongTenantError(reason.sentence) : undefined;
}

/** How a CI job signs in by itself, because nobody runs az login there; undefined outside the known CI services. */
function jobFix(env: Variables): string | undefined {
  if (env["GITHUB_ACTIONS"] === "true") {
    return "Give the job the permission id-token: write, and set AZURE_TENANT_ID and AZURE_CLIENT_ID; or run azure/login first.";
  }
  if (env["TF_BUILD"] === "True") {
    return "Run the step as the task AzureCLI@2, AzureCLI@3 or AzurePowerShell@5, with SYSTEM_ACCESSTOKEN: $(System.AccessToken) in its env.";
  }
  return env["GITLAB_CI"] === "true"
    ? "Write the job's id_token to a file, and set AZURE_FEDERATED_TOKEN_FILE, AZURE_TENANT_ID and AZURE_CLIENT_ID."
    : undefined;
}

const remedies: Readonly<Record<AuthMethod, (attempt: SignInAttempt) => string>> = {
  cli: ({ tenant, env }) =>
    jobFix(env) ??
    `Run az login${tenant === undefined ? "" : ` --tenant ${tenant}`}; or, in a job without a person, set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.`,
  environment: () =>
    "Check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH); or use --auth cli after az login.",
  "workload-identity": () =>
    "Check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE, and that the federated credential names this issuer and subject.",
  github: () =>
    "Check AZURE_TENANT_ID and AZURE_CLIENT_ID, and that the job has the permission id-token: write.",
  "azure-pipelines": () =>
    "Check that the step runs with the service connection, and has SYSTEM_ACCESSTOKEN: $(System.AccessToken) in its env.",
  "managed-identity": () =>
    "Check that this machine has a managed identity; name a user-assigned one in AZURE_CLIENT_ID; or use --auth cli after az login.",
  "device-code": () => "Run the command again and finish the sign-in in the browser in time.",
  browser: () => "Run the command again; if no browser can open, use --auth device-code.",
};
