import { hostname } from "node:os";
import { decodeJwt } from "jose";
import { ActionableError } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import { ExchangeError } from "../domain/http-exchange.ts";
import type { AuthMethod } from "../domain/identity.ts";
import type { Variables } from "../domain/proxy.ts";
import { shellQuote } from "../domain/shell-quote.ts";
import { timeText } from "../domain/time-text.ts";
import { azureError, multiFactorRequired } from "./azure-errors.ts";
import type { FailedRequest } from "./azure-http.ts";
import { parsedRecord, text } from "./json-fields.ts";
import { ServiceFailure } from "./service-failure.ts";
import type { ShownPrincipal } from "./token-source.ts";

/** How somebody signs in, and what came of it. */
export interface SignInAttempt {
  readonly method: AuthMethod;
  readonly env: Variables;
  readonly tenant: string | undefined;
  /** The audience that a workload's own token must have. */
  readonly federationAudience: string;
  /** What a service principal showed last. */
  shown?: ShownPrincipal | undefined;
  /** The last request that failed, if any: the SDK often says only in words what went wrong, or not at all. */
  failure?: FailedRequest | undefined;
}

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
const tokenExpired = 700_024;
const otherAudience = 700_212;
const otherCase = 7_002_138;
const untrusted = new Set([70_021, 700_211, otherAudience, 700_213, otherCase]);

/** The failure of a sign-in as an error that a person can act on. */
export function signInFailure(error: unknown, attempt: SignInAttempt): unknown {
  if (error instanceof ActionableError) return error;
  const last = error instanceof ExchangeError ? error : attempt.failure;
  const task = { doing: "sign in", area: "directory" } as const;
  if (last instanceof ExchangeError) return azureError(last, task);
  if (last && isBusy(last.status)) {
    return azureError(new ServiceFailure(last.status, last.headers, undefined), task);
  }
  const inWords = error instanceof Error ? error.message : String(error);
  if (attempt.method === "cli" && noCli.test(inWords)) {
    const message = "Not signed in: the Azure CLI is not installed.";
    return notSignedIn(message, attempt, jobFix(attempt) ?? withoutCli, error);
  }
  return signInError(entraDescription(last?.bodyAsText) || inWords, attempt, error);
}

/**
 * A refused sign-in as an error that a person can act on.
 * @param text the SDK's message, or Entra's own
 */
export function signInError(text: string, attempt: SignInAttempt, cause?: unknown): ActionableError {
  const reason = entraReason(text);
  if (reason && conditionalAccess.has(reason.number)) {
    return conditionalAccessError(reason, isPerson(attempt.method) ? "person" : "workload", cause);
  }
  if (reason && wrongTenant.has(reason.number)) return wrongTenantError(reason.sentence, cause);
  if (reason?.number === tokenExpired) return expiredError(reason, attempt, cause);
  if (reason && untrusted.has(reason.number)) return untrustedError(reason, attempt, cause);
  const [firstLine = ""] = text.split(/\r?\n/);
  const why = reason?.sentence ?? firstLine.slice(0, 400);
  const fix = reason && otherCloud.has(reason.number) ? otherCloudFix : undefined;
  return notSignedIn(`Could not sign in (--auth ${attempt.method}): ${why}`, attempt, fix, cause);
}

const otherCloudFix =
  "If the tenant is in another cloud, name that with --cloud, such as --cloud AzureUSGovernment. The Azure CLI has to be set to the same one: az cloud set --name AzureUSGovernment.";

/** What the SDK and a shell say of a missing az. */
const noCli = /^Azure CLI could not be found|\baz: (?:.* )?not found|'az' is not recognized/;
const withoutCli =
  "Install it (https://aka.ms/azure-cli) and run az login; or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET; or use --auth device-code, or --auth managed-identity on a machine in Azure that has one.";

/** The error if nothing else is known than that it did not work. */
export function notSignedIn(
  message: string,
  attempt: SignInAttempt,
  hint = jobFix(attempt) ?? remedies[attempt.method](attempt),
  cause?: unknown,
): ActionableError {
  const docs = "https://learn.microsoft.com/azure/developer/javascript/sdk/authentication/overview";
  return refusal("azure.not-signed-in", message, { hint, docs, cause });
}

function refusal(
  code: string,
  message: string,
  { cause, ...details }: { readonly hint: string; readonly docs?: string; readonly cause: unknown },
): ActionableError {
  return new ActionableError(message, { code, ...details, exitCode: exitCode.notAllowed }, { cause });
}

/** Whether a person signs in, as far as the method shows. */
function isPerson(method: AuthMethod): boolean {
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
  { sentence }: EntraReason,
  who: keyof typeof conditionalAccessFixes,
  cause?: unknown,
): ActionableError {
  return refusal(
    "azure.conditional-access",
    `A Conditional Access policy of the tenant refuses the sign-in from this machine, ${hostname()}: ${sentence}`,
    { ...conditionalAccessFixes[who], cause },
  );
}

/** The error if an account is unknown in the tenant that was asked for, or in the one that it is signed in to. */
export function wrongTenantError(why: string, cause?: unknown): ActionableError {
  return refusal("azure.wrong-tenant", `Wrong tenant: ${why}`, {
    hint: "Name the right one with --tenant, or sign in there: az login --tenant TENANT. In another cloud also set --cloud.",
    cause,
  });
}

/** The error for a refusal of an application that another password would not change; undefined for any other refusal. */
export function refusalOfTheTenant(reason: EntraReason): ActionableError | undefined {
  if (conditionalAccess.has(reason.number)) return conditionalAccessError(reason, "workload");
  return reason.number === 90002 || reason.number === 900023 ? wrongTenantError(reason.sentence) : undefined;
}

/**
 * The error for a challenge that the Azure CLI's login does not satisfy, with the command by which it does: only az
 * can ask the person for more. Source: https://learn.microsoft.com/entra/identity-platform/claims-challenge
 * @param scope what the token is for; undefined for Resource Manager, which az signs in to anyway
 */
export function unmetChallenge(
  claims: string,
  tenant: string | undefined,
  scope: string | undefined,
): ActionableError {
  const isMultiFactor = claims.includes('"acrs"');
  const inTenant = tenant === undefined ? "" : ` --tenant ${tenant}`;
  const forScope = scope === undefined ? "" : ` --scope ${scope}`;
  const login = `az login${inTenant}${forScope} --claims-challenge ${Buffer.from(claims).toString("base64")}`;
  const hint = `Sign in again${isMultiFactor ? " with MFA" : ""} (needs az 2.76), then run the same command: ${login}`;
  const { because, ...details } = multiFactorRequired;
  if (isMultiFactor) return new ActionableError(because, { ...details, hint });
  const docs = "https://learn.microsoft.com/cli/azure/authenticate-azure-cli";
  const message = "Azure accepts the sign-in no longer (--auth cli).";
  return refusal("azure.not-signed-in", message, { hint, docs, cause: undefined });
}

/** What a workload's token says; none of it is secret. Undefined if none is known, or if it is not a JWT. */
function claimsOf({ shown }: SignInAttempt) {
  if (!shown || !("assertion" in shown)) return undefined;
  try {
    const { iss, sub, aud, exp } = decodeJwt(shown.assertion.reveal());
    return {
      issuer: text(iss) ?? "(none)",
      subject: text(sub) ?? "(none)",
      audience: [aud ?? "(none)"].flat().join(", "),
      expiresAt: exp === undefined ? undefined : new Date(exp * 1000),
    };
  } catch {
    return undefined;
  }
}

/**
 * The error if the application does not trust a workload's token. The workload cannot read what the application
 * trusts. Somebody else has to look that up, with the command in the hint.
 */
function untrustedError(reason: EntraReason, attempt: SignInAttempt, cause: unknown): ActionableError {
  const claims = claimsOf(attempt);
  const appId = attempt.shown?.appId ?? "APP_ID";
  const message = claims
    ? [
        `No federated credential of application ${appId} matches the token that was presented (AADSTS${reason.number}):`,
        `  issuer    ${claims.issuer}`,
        `  subject   ${claims.subject}`,
        `  audience  ${claims.audience}`,
        ...(reason.number === otherCase ? ["One subject differs from it only in upper and lower case."] : []),
      ].join("\n")
    : `No federated credential matches the token that was presented: ${reason.sentence}`;
  const hint = [
    `Compare it with what is registered: az ad app federated-credential list --id ${appId} --query "[].{issuer:issuer,subject:subject,audience:audiences[0]}" --output table`,
  ];
  const { federationAudience } = attempt;
  if (claims && reason.number === otherAudience && claims.audience !== federationAudience) {
    hint.push(`Ask for the token with the audience ${federationAudience}.`);
  } else if (claims) {
    const { issuer, subject } = claims;
    const parameters = { name: "acr-pull", issuer, subject, audiences: [federationAudience] };
    hint.push(
      `If anybody who runs as this subject may sign in as the application, register it: az ad app federated-credential create --id ${appId} --parameters ${shellQuote(JSON.stringify(parameters))}`,
    );
  }
  hint.push("If it was registered just now, run the same command again in a few minutes.");
  const docs = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust";
  return refusal("azure.federated-credential", message, { hint: hint.join("\n"), docs, cause });
}

function expiredError(
  { number, sentence }: EntraReason,
  attempt: SignInAttempt,
  cause: unknown,
): ActionableError {
  const ended = timeText(claimsOf(attempt)?.expiresAt);
  const why = ended === null ? sentence : `it expired at ${ended} (AADSTS${number}).`;
  const hint =
    expiredFixes[attempt.method] ??
    "Run the same command again; if it fails the same way, check this machine's clock.";
  const message = `The token that was presented is not valid now: ${why}`;
  return refusal("azure.federated-credential", message, { hint, cause });
}

const expiredFixes: Partial<Record<AuthMethod, string>> = {
  cli: "The Azure CLI keeps the token that it was signed in with, for example by azure/login, and that token is valid for only a few minutes. Sign in again just before acr-pull, or let acr-pull ask for tokens itself: --auth github or --auth azure-pipelines.",
  "workload-identity":
    "Have a new token written to the file that AZURE_FEDERATED_TOKEN_FILE names, just before acr-pull runs. In GitLab it is valid for as long as the job's timeout, or for five minutes if the job has none.",
};

/** How a CI job signs in by itself, because nobody runs az login there; undefined outside the known CI services. */
function jobFix({ method, env }: SignInAttempt): string | undefined {
  if (method !== "cli") return undefined;
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
  cli: ({ tenant }) =>
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
