import { decodeJwt } from "jose";
import { ActionableError } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import type { AuthMethod } from "../domain/identity.ts";
import type { SecretText } from "../domain/secret-text.ts";
import { shellQuote } from "../domain/shell-quote.ts";
import { timeText } from "../domain/time-text.ts";
import { text } from "./json-fields.ts";
import type { EntraReason } from "./sign-in-errors.ts";

// Numbers: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
const expired = 700_024;
const otherAudience = 700_212;
const otherCase = 7_002_138;
const untrusted = new Set([70_021, 700_211, otherAudience, 700_213, otherCase]);

const trustDocs = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust";

/** What a workload's token says: its issuer, its subject, its audience and its end. None of it is secret. */
interface Presented {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  readonly expiresAt: Date | undefined;
}

/** How a workload tried to sign in. */
export interface FederatedAttempt {
  readonly method: AuthMethod;
  /** Absent if another program presented a token. */
  readonly presented?: { readonly token: SecretText; readonly appId: string } | undefined;
  /** The audience that Entra expects in the token. */
  readonly audience?: string | undefined;
}

/**
 * The error for Entra's refusal of a workload's own token; undefined for any other refusal. A workload that is refused
 * cannot read what the application trusts. Somebody else has to look that up, with the command in the hint.
 */
export function federationError(
  reason: EntraReason,
  attempt: FederatedAttempt,
  cause?: unknown,
): ActionableError | undefined {
  const { presented } = attempt;
  const claims = presented && claimsOf(presented.token);
  if (reason.number === expired) return expiredError(reason, attempt.method, claims, cause);
  if (!untrusted.has(reason.number)) return undefined;
  const appId = presented?.appId ?? "APP_ID";
  const lines = claims
    ? [
        `No federated credential of application ${appId} matches the token that was presented (AADSTS${reason.number}):`,
        `  issuer    ${claims.issuer}`,
        `  subject   ${claims.subject}`,
        `  audience  ${claims.audience}`,
        ...(reason.number === otherCase ? ["One subject differs from it only in upper and lower case."] : []),
      ]
    : [`No federated credential matches the token that was presented: ${reason.sentence}`];
  return refusal("azure.federated-credential", lines, {
    hint: [
      `Compare it with what is registered: az ad app federated-credential list --id ${appId} --query "[].{issuer:issuer,subject:subject,audience:audiences[0]}" --output table`,
      ...fixes(reason, claims, appId, attempt.audience),
      "If it was registered just now, run the same command again in a few minutes.",
    ],
    docs: trustDocs,
    cause,
  });
}

function fixes(
  { number }: EntraReason,
  claims: Presented | undefined,
  appId: string,
  audience = "api://AzureADTokenExchange",
): string[] {
  if (!claims) return [];
  if (number === otherAudience && claims.audience !== audience) {
    return [`Ask for the token with the audience ${audience}.`];
  }
  const { issuer, subject } = claims;
  const parameters = JSON.stringify({ name: "acr-pull", issuer, subject, audiences: [audience] });
  return [
    `If anybody who runs as this subject may sign in as the application, register it: az ad app federated-credential create --id ${appId} --parameters ${shellQuote(parameters)}`,
  ];
}

function expiredError(
  { number, sentence }: EntraReason,
  method: AuthMethod,
  claims: Presented | undefined,
  cause: unknown,
): ActionableError {
  const ended = timeText(claims?.expiresAt);
  const line =
    ended === null
      ? `The token that was presented is not valid now: ${sentence}`
      : `The token that was presented is not valid now: it expired at ${ended} (AADSTS${number}).`;
  return refusal("azure.federated-token-expired", [line], { hint: [expiredFixes[method] ?? again], cause });
}

const again = "Run the same command again; if it fails the same way, check this machine's clock.";
const expiredFixes: Partial<Record<AuthMethod, string>> = {
  cli: "The Azure CLI keeps the token that it was signed in with, for example by azure/login, and that token is valid for only a few minutes. Sign in again just before acr-pull, or let acr-pull ask for tokens itself: --auth github or --auth azure-pipelines.",
  "workload-identity":
    "Have a new token written to the file that AZURE_FEDERATED_TOKEN_FILE names, just before acr-pull runs. In GitLab it is valid for as long as the job's timeout, or for five minutes if the job has none.",
};

function refusal(
  code: string,
  lines: readonly string[],
  {
    hint,
    docs,
    cause,
  }: { readonly hint: readonly string[]; readonly docs?: string; readonly cause: unknown },
): ActionableError {
  const details = { code, hint: hint.join("\n"), docs, exitCode: exitCode.notAllowed };
  return new ActionableError(lines.join("\n"), details, { cause });
}

/** Undefined if it is not a JWT. */
function claimsOf(token: SecretText): Presented | undefined {
  try {
    const { iss, sub, aud, exp } = decodeJwt(token.reveal());
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
