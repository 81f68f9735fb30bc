import type { EnvironmentCredentialOptions, TokenCredential } from "@azure/identity";
import { ActionableError, refused } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import { isGuid } from "../domain/names.ts";
import { readNamedFile, whyUnreadable } from "../domain/named-file.ts";
import type { Variables } from "../domain/proxy.ts";
import { SecretText } from "../domain/secret-text.ts";
import type { TokenRequest } from "./token-request.ts";

/** The service principal and its password that variables name, if they do. */
export function passwordIn(
  variables: Variables,
  tenant: string | undefined,
): Pick<TokenRequest, "tenant" | "appId" | "password"> | undefined {
  const { AZURE_TENANT_ID, AZURE_CLIENT_ID: appId, AZURE_CLIENT_SECRET: secret } = variables;
  const inTenant = tenant ?? AZURE_TENANT_ID;
  if (!inTenant || !appId || !secret) return undefined;
  return { tenant: inTenant, appId, password: new SecretText(secret) };
}

/**
 * What else variables name to sign in with, in the tenant asked for: a flag is stronger than a variable. It is what
 * `EnvironmentCredential` does by the variables of the process, and in the tenant of AZURE_TENANT_ID alone.
 * Source: https://learn.microsoft.com/javascript/api/@azure/identity/environmentcredential
 * @throws ActionableError `azure.wrong-tenant` when a domain is asked for with a user's name and password
 * @throws CredentialUnavailableError when they name nothing
 */
export async function environmentCredential(
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
  if (clientId) refuseDomain(tenant, "A user named in variables signs in");
  if (AZURE_TENANT_ID && clientId && username && password) {
    return new identity.UsernamePasswordCredential(AZURE_TENANT_ID, clientId, username, password, options);
  }
  throw new identity.CredentialUnavailableError(
    "EnvironmentCredential is unavailable. No underlying credential could be used. To troubleshoot, visit https://aka.ms/azsdk/js/identity/environmentcredential/troubleshoot.",
  );
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
export async function checkNamedFile(
  method: string,
  variables: Variables,
  signal: AbortSignal,
): Promise<void> {
  const variable =
    Object.hasOwn(fileVariables, method) && fileVariables[method as keyof typeof fileVariables];
  const file = variable && variables[variable];
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
