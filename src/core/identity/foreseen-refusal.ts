import { ActionableError, hasCode } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import type { Application, Caller } from "../../domain/identity.ts";
import { ifAvailable } from "../cluster/failure-of-one.ts";
import type { Directory } from "../ports.ts";
import type { ApplicationFinding } from "./application.ts";
import { nameOf, ownerName } from "./directory-names.ts";

/** The caller whose rights are in question, and the directory that is asked about them. */
interface Asking {
  readonly directory: Directory;
  readonly caller: Caller;
}

/**
 * The refusal to expect when the application is made or changed, according to the caller's token and the owners.
 * Undefined if none is expected. Only the directory knows for certain: it also applies roles that no token lists,
 * such as custom roles of the tenant and roles on a single application.
 * @param changesIt whether a key or an owner is to be added
 */
export async function foreseeRefusal(
  finding: ApplicationFinding,
  changesIt: boolean,
  { directory, caller }: Asking,
  signal: AbortSignal,
): Promise<ActionableError | undefined> {
  const needsPrincipal = finding.kind === "found" && !finding.principal;
  if (finding.kind === "absent" || needsPrincipal) {
    const foreseen = await foreseeRefusedRegistration({ directory, caller }, signal);
    if (foreseen) return foreseen;
  }
  if (finding.kind !== "found" || !(changesIt || needsPrincipal)) return undefined;
  return foreseeRefusedChange(finding.application, { directory, caller }, signal);
}

/** The refusal to expect when an application is registered, according to the caller's token. */
export async function foreseeRefusedRegistration(
  { directory, caller }: Asking,
  signal: AbortSignal,
): Promise<ActionableError | undefined> {
  if ((await directory.mayRegisterApplications(signal)) !== "no") return undefined;
  return new ActionableError(`${caller.name} may not register applications in tenant ${caller.tenantId}.`, {
    code: "directory.forbidden",
    exitCode: exitCode.notAllowed,
    hint: "Ask for the Microsoft Graph permission Application.ReadWrite.OwnedBy (a pipeline) or the role Application Developer (a person), or ask somebody to create one and pass it with --service-principal.",
    docs: "https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference#application-developer",
  });
}

/**
 * The refusal to expect when an existing application is changed. Undefined if none is expected.
 * @param deed what is to be done, as the refusal names it
 * @returns `directory.not-owner`, exit 3
 */
export async function foreseeRefusedChange(
  application: Application,
  { directory, caller }: Asking,
  signal: AbortSignal,
  deed = "add a password to it",
): Promise<ActionableError | undefined> {
  if ((await directory.mayChangeAllApplications(signal)) === "yes") return undefined;
  const owners = await ifAvailable(directory.listOwners(application.objectId, signal), signal);
  // If the owners cannot be seen, the directory decides.
  if (!owners || owners.some((owner) => owner.objectId === caller.objectId)) return undefined;
  const names = owners.map(ownerName).join(", ");
  const whom =
    names === ""
      ? "It has no owner. Ask an Application Administrator of the tenant"
      : `Its owners: ${names}. Run as one of them, or ask one of them or an Application Administrator`;
  return new ActionableError(
    `${caller.name} is not an owner of the application ${nameOf(application)} and may not ${deed}.`,
    {
      code: "directory.not-owner",
      exitCode: exitCode.notAllowed,
      hint: `${whom} to run: az ad app owner add --id ${application.appId} --owner-object-id ${caller.objectId}`,
      docs: "https://learn.microsoft.com/entra/identity/enterprise-apps/assign-app-owners",
    },
  );
}

/** The refusal to expect when owners are added, according to the caller's token. Undefined if none is expected. */
export async function foreseeRefusedOwners(
  { missingOwners }: Pick<ApplicationFinding, "missingOwners">,
  { directory, caller }: Asking,
  signal: AbortSignal,
): Promise<ActionableError | undefined> {
  if (missingOwners.length === 0 || (await directory.mayAddOwners(signal)) !== "no") return undefined;
  return new ActionableError(`${caller.name} may not add other owners to an application.`, {
    code: "directory.forbidden",
    exitCode: exitCode.notAllowed,
    hint: "A pipeline needs the Microsoft Graph permissions Application.ReadWrite.All and Directory.Read.All for that: Application.ReadWrite.OwnedBy is not enough. Or omit --owner, and ask an administrator to add the owner: az ad app owner add --id APP_ID --owner-object-id OBJECT_ID.",
    docs: "https://learn.microsoft.com/graph/api/application-post-owners",
  });
}

/** An expected refusal as a warning, because the write is tried all the same. */
export function foreseenText({ message, hint = "" }: ActionableError): string {
  return `${message.replace(/\.$/, "")}, according to its token and the owners. Roles that the token does not list may allow it: the first write decides. ${hint}`;
}

/** Replaces the directory's refusal by the foreseen one, which says more. Any other error stays as it is. */
export function asForeseen<T>(error: T, foreseen: ActionableError | undefined): T | ActionableError {
  if (!foreseen || !hasCode(error, "directory.forbidden")) return error;
  const { message, code, hint, docs, exitCode } = foreseen;
  const { requestId, status } = error;
  return new ActionableError(message, { code, hint, docs, exitCode, requestId, status }, { cause: error });
}
