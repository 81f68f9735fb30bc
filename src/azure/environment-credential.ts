import type { EnvironmentCredentialOptions, TokenCredential } from "@azure/identity";
import { ActionableError, refused } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import { isGuid } from "../domain/names.ts";
import { readNamedFile, whyUnreadable } from "../domain/named-file.ts";
import type { Variables } from "../domain/proxy.ts";
import { SecretText } from "../domain/secret-text.ts";
import type { PrincipalPassword } from "./password-sign-in.ts";

/** The service principal and password in the variables; undefined if they are incomplete. */
export function passwordIn(variables: Variables, tenant: string | undefined): PrincipalPassword | undefined {
  const { AZURE_TENANT_ID, AZURE_CLIENT_ID: appId, AZURE_CLIENT_SECRET: secret } = variables;
  const inTenant = tenant ?? AZURE_TENANT_ID;
  if (!inTenant || !appId || !secret) return undefined;
  return { tenant: inTenant, appId, password: new SecretText(secret) };
}

/**
 * A credential for what else the variables name, in the given tenant: a flag overrides a variable. The SDK's
 * `EnvironmentCredential` does the same by the variables of the process, but only in the tenant of AZURE_TENANT_ID.
 * Source: https://learn.microsoft.com/javascript/api/@azure/identity/environmentcredential
 * @throws ActionableError `azure.wrong-tenant` if a domain is given with a user's name and password
 * @throws CredentialUnavailableError if the variables name nothing
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

/** The variables that name a file which the SDK reads, by method. */
const fileVariables = {
  environment: "AZURE_CLIENT_CERTIFICATE_PATH",
  "workload-identity": "AZURE_FEDERATED_TOKEN_FILE",
} as const;

/**
 * Checks that the file in the variables can be read within bounds: the SDK has none, and a pipe that it waits for
 * keeps the process alive.
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
 * For a method with a tenant of its own: only an id can be compared with it.
 * @param who the method, as it reads before `to a tenant of its own`
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
