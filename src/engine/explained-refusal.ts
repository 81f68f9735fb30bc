import { ActionableError, hasCode } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import type { Application, Caller, Owner } from "../domain/identity.ts";
import type { Directory } from "../core/ports.ts";
import { ifAvailable } from "../core/cluster/failure-of-one.ts";
import { passwordsForbidden } from "../core/identity/client-secret.ts";

/** The caller, and the directory that is asked about his rights. */
interface Asking {
  readonly directory: Directory;
  readonly caller: Caller;
}

/**
 * The directory's refusal, with what the caller's token and the owners say of its reason. Only the directory knows for
 * certain beforehand: it also applies roles that no token lists.
 * @param application undefined if it was to be made
 * @returns any other error as it is
 */
export async function explainRefusal(
  error: unknown,
  application: Application | undefined,
  { directory, caller }: Asking,
  signal: AbortSignal,
): Promise<unknown> {
  if (hasCode(error, "directory.passwords-forbidden"))
    return passwordsForbidden(application, await directory.passwordPolicy(application, signal), error);
  if (!hasCode(error, "directory.forbidden")) return error;
  if (!application) {
    if ((await directory.mayRegisterApplications(signal)) !== "no") return error;
    return refusal(error, "directory.forbidden", {
      message: `${caller.name} may not register applications in tenant ${caller.tenantId}.`,
      hint: "Ask for the Microsoft Graph permission Application.ReadWrite.OwnedBy (a pipeline) or the role Application Developer (a person), or ask somebody to create one and pass it with --service-principal.",
      docs: "https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference#application-developer",
    });
  }
  if ((await directory.mayChangeAllApplications(signal)) === "yes") return error;
  const owners = await ifAvailable(directory.listOwners(application.objectId, signal), signal);
  if (!owners || owners.some(({ objectId }) => objectId === caller.objectId)) return error;
  const names = owners.map(nameOf).join(", ");
  const whom =
    names === ""
      ? "It has no owner. Ask an Application Administrator of the tenant"
      : `Its owners: ${names}. Run as one of them, or ask one of them or an Application Administrator`;
  return refusal(error, "directory.not-owner", {
    message: `${caller.name} is not an owner of the application ${application.displayName} (${application.appId}) and may not change its passwords.`,
    hint: `${whom} to run: az ad app owner add --id ${application.appId} --owner-object-id ${caller.objectId}`,
    docs: "https://learn.microsoft.com/entra/identity/enterprise-apps/assign-app-owners",
  });
}

/** The same for a refusal to add an owner. */
export async function explainRefusedOwner(
  error: unknown,
  { directory, caller }: Asking,
  signal: AbortSignal,
): Promise<unknown> {
  if (!hasCode(error, "directory.forbidden") || (await directory.mayAddOwners(signal)) !== "no") return error;
  return refusal(error, "directory.forbidden", {
    message: `${caller.name} may not add other owners to an application.`,
    hint: "A pipeline needs the Microsoft Graph permissions Application.ReadWrite.All and Directory.Read.All for that: Application.ReadWrite.OwnedBy is not enough. Or omit --owner, and ask an administrator to add the owner: az ad app owner add --id APP_ID --owner-object-id OBJECT_ID.",
    docs: "https://learn.microsoft.com/graph/api/application-post-owners",
  });
}

function refusal(
  cause: ActionableError,
  code: string,
  { message, hint, docs }: { readonly message: string; readonly hint: string; readonly docs: string },
): ActionableError {
  const { requestId, status } = cause;
  const details = { code, hint, docs, requestId, status, exitCode: exitCode.notAllowed };
  return new ActionableError(message, details, { cause });
}

function nameOf({ displayName, objectId }: Owner): string {
  return displayName === undefined ? objectId : `${displayName} (${objectId})`;
}
