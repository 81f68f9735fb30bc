import type { EnvironmentCredentialOptions, TokenCredential } from "@azure/identity";
import { ActionableError, refused } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import { isGuid } from "../domain/names.ts";
import { readNamedFile, whyUnreadable } from "../domain/named-file.ts";
import { SecretText } from "../domain/secret-text.ts";
import type { TokenRequest } from "./token-request.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** The service principal and its password that variables name, if they do. */
export function passwordIn(
  env: Variables,
  tenant: string | undefined,
): Pick<TokenRequest, "tenant" | "appId" | "password"> | undefined {
  const { AZURE_TENANT_ID, AZURE_CLIENT_ID: appId, AZURE_CLIENT_SECRET: secret } = env;
  const inTenant = tenant ?? AZURE_TENANT_ID;
  if (!inTenant || !appId || !secret) return undefined;
  return { tenant: inTenant, appId, password: new SecretText(secret) };
}

/**
 * What else variables name to sign in with, in the tenant asked for: `EnvironmentCredential` knows none but that of
 * AZURE_TENANT_ID, and a flag is stronger than a variable.
 * Source: https://learn.microsoft.com/javascript/api/@azure/identity/environmentcredential
 * @throws ActionableError `azure.wrong-tenant` when a domain is asked for with a user's name and password
 */
export async function environmentCredential(
  env: Variables,
  tenant: string | undefined,
  options: EnvironmentCredentialOptions,
): Promise<TokenCredential> {
  const { ClientCertificateCredential, EnvironmentCredential } = await import("@azure/identity");
  const clientId = env["AZURE_CLIENT_ID"];
  const certificatePath = env["AZURE_CLIENT_CERTIFICATE_PATH"];
  if (tenant === undefined || !clientId) return new EnvironmentCredential(options);
  if (certificatePath) {
    const password = env["AZURE_CLIENT_CERTIFICATE_PASSWORD"];
    const sendCertificateChain = /^(?:true|1)$/i.test(env["AZURE_CLIENT_SEND_CERTIFICATE_CHAIN"] ?? "");
    const certificate = { certificatePath, ...(password && { certificatePassword: password }) };
    return new ClientCertificateCredential(tenant, clientId, certificate, {
      ...options,
      sendCertificateChain,
    });
  }
  refuseDomain(tenant, "A user named in variables signs in");
  return new EnvironmentCredential(options);
}

/** The variables that name a file which the SDK reads, by the method that it does so for. */
const fileVariables = {
  environment: "AZURE_CLIENT_CERTIFICATE_PATH",
  "workload-identity": "AZURE_FEDERATED_TOKEN_FILE",
} as const;

/**
 * Looks whether the file that variables name can be read within bounds: the SDK has none, and what it waits for in a
 * pipe keeps the process alive.
 * @throws ActionableError `azure.not-signed-in`; the signal's reason
 */
export async function checkNamedFile(method: string, env: Variables, signal: AbortSignal): Promise<void> {
  const variable =
    Object.hasOwn(fileVariables, method) && fileVariables[method as keyof typeof fileVariables];
  const file = variable && env[variable];
  if (!file) return;
  try {
    await readNamedFile(file, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw new ActionableError(
      `The file that ${variable} names, ${file}, cannot be read: ${whyUnreadable(error)}.`,
      { code: "azure.not-signed-in", exitCode: exitCode.notAllowed },
      { cause: error },
    );
  }
}

/**
 * For a method that has a tenant of its own: whether it is the one asked for can be told by ids alone.
 * @param who how the method reads in `… to a tenant of its own`
 * @throws ActionableError `azure.wrong-tenant`
 */
export function refuseDomain(tenant: string | undefined, who: string): void {
  if (tenant === undefined || isGuid(tenant)) return;
  throw refused(
    "azure.wrong-tenant",
    `${who} to a tenant of its own, which cannot be compared with --tenant ${tenant}.`,
    "Name the tenant by its id, or leave --tenant out.",
  );
}
