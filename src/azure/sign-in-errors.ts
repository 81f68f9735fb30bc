import { hostname } from "node:os";
import { ActionableError } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import type { AuthMethod } from "../domain/identity.ts";
import { parsedRecord, text } from "./json-fields.ts";

/** Entra's reason for a refusal. */
export interface EntraReason {
  /** The number after `AADSTS`. */
  readonly number: number;
  /** `AADSTS7000215: Invalid client secret provided.` */
  readonly sentence: string;
}

/**
 * Entra's reason in an error's text. The number is the only part of a text that anything is decided by: the SDKs
 * hand it on nowhere else.
 */
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

/** The sentence in the body of Entra's refusal; empty when the body is another one. */
export function entraDescription(body: string | null | undefined): string {
  return text(parsedRecord(body)["error_description"]) ?? "";
}

/** Whether Entra could not look at the request at all. */
export function isBusy(status: number): boolean {
  return status === 429 || status >= 500;
}

// Numbers: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
const conditionalAccess = new Set([
  50005, 50072, 50074, 50076, 50079, 50097, 50158, 53000, 53001, 53002, 53003, 53004, 53009, 53010, 530002,
  530003, 530032, 530034,
]);
const wrongTenant = new Set([50020, 50128, 90002, 90072, 500208, 700016, 900021, 900023]);

/**
 * Why signing in failed, as a person needs it.
 * @param text the SDK's message
 * @param method undefined when the credential was a service principal's given by name
 */
export function signInError(
  text: string,
  method: AuthMethod,
  tenant: string | undefined,
  cause: unknown,
): ActionableError {
  const reason = entraReason(text);
  if (reason && conditionalAccess.has(reason.number)) return conditionalAccessError(reason, cause);
  if (reason && wrongTenant.has(reason.number)) return wrongTenantError(reason.sentence, cause);
  const [firstLine = ""] = text.split(/\r?\n/);
  return new ActionableError(
    `Could not sign in (--auth ${method}): ${reason?.sentence ?? firstLine.slice(0, 400)}`,
    {
      code: "azure.not-signed-in",
      hint: remedies[method](tenant),
      docs: "https://learn.microsoft.com/azure/developer/javascript/sdk/authentication/overview",
      exitCode: exitCode.notAllowed,
    },
    { cause },
  );
}

/** Conditional Access refused: often for where this machine stands, so the error says which machine it is. */
function conditionalAccessError(reason: EntraReason, cause?: unknown): ActionableError {
  return new ActionableError(
    `A Conditional Access policy of the tenant refuses the sign-in from this machine, ${hostname()}: ${reason.sentence}`,
    {
      code: "azure.conditional-access",
      hint: "Sign in again with what the policy asks for (az login, from a managed device or an allowed network), or ask who administers the tenant.",
      docs: "https://learn.microsoft.com/entra/identity/conditional-access/troubleshoot-conditional-access",
      exitCode: exitCode.notAllowed,
    },
    { cause },
  );
}

/** Signed in to, or asked for, a tenant that does not know the account. */
export function wrongTenantError(why: string, cause?: unknown): ActionableError {
  return new ActionableError(
    `The tenant is the wrong one: ${why}`,
    {
      code: "azure.wrong-tenant",
      hint: "Name the right one with --tenant, or sign in there: az login --tenant TENANT. In another cloud also set --cloud.",
      exitCode: exitCode.notAllowed,
    },
    { cause },
  );
}

/** Whether Entra refused for a reason that no other password would mend. */
export function refusalOfTheTenant(reason: EntraReason): ActionableError | undefined {
  if (conditionalAccess.has(reason.number)) return conditionalAccessError(reason);
  return reason.number === 90002 || reason.number === 900023 ? wrongTenantError(reason.sentence) : undefined;
}

const remedies: Readonly<Record<AuthMethod, (tenant: string | undefined) => string>> = {
  cli: (tenant) =>
    `Run az login${tenant === undefined ? "" : ` --tenant ${tenant}`}; or, without a person, set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.`,
  environment: () =>
    "Check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH); or use --auth cli after az login.",
  "workload-identity": () =>
    "Check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE, and that the federated credential names this issuer and subject.",
  "managed-identity": () =>
    "Check that this machine has a managed identity; a user-assigned one is named by AZURE_CLIENT_ID.",
  "device-code": () => "Run the command again and finish the sign-in in the browser in time.",
  browser: () => "Run the command again; where no browser can open, use --auth device-code.",
};
