import { hasCode, type ActionableError } from "../../domain/errors.ts";
import type { ServicePrincipalSummary } from "../../domain/identity.ts";
import type { Registry } from "../../domain/registry.ts";
import { builtInRole } from "../../domain/role.ts";
import { isOurAssignment, type RoleAssignment } from "../../domain/role-assignment.ts";
import type { Directory, Roles } from "../ports.ts";

/** A service principal that may be reused because it holds a role on the registry. */
export interface PrincipalCandidate extends ServicePrincipalSummary {
  /**
   * Whether acr-pull gave it a role. Only somebody who administers roles can have written that; a name proves nothing.
   */
  readonly ours: boolean;
  /** The roles it holds on the registry itself: by name if acr-pull grants them, else by GUID. */
  readonly roles: readonly string[];
}

/** The principals to choose from, as far as the caller sees them. */
interface PrincipalCandidates {
  /** Ours first, then by name. */
  readonly candidates: readonly PrincipalCandidate[];
  /** Why they could not be listed: a missing right. */
  readonly unlisted: ActionableError | undefined;
}

/**
 * Finds the service principals of this tenant that hold a role on the registry itself. A missing right
 * (`azure.forbidden`, `directory.forbidden`) comes back as `unlisted`, because a principal can also be typed.
 * @throws ActionableError for every other failure
 */
export async function findPrincipalCandidates(
  { registry }: { readonly registry: Pick<Registry, "id"> },
  ports: {
    readonly roles: Pick<Roles, "listRegistryAssignments">;
    readonly directory: Pick<Directory, "findServicePrincipals">;
  },
  signal: AbortSignal,
): Promise<PrincipalCandidates> {
  try {
    const assignments = await ports.roles.listRegistryAssignments(registry.id, signal);
    const principals = await ports.directory.findServicePrincipals(
      assignments.map(({ principalId }) => principalId),
      signal,
    );
    const candidates = principals.map((principal) => candidateOf(principal, registry.id, assignments));
    return { candidates: candidates.sort(oursFirst), unlisted: undefined };
  } catch (error) {
    if (!hasCode(error, "azure.forbidden", "directory.forbidden")) throw error;
    return { candidates: [], unlisted: error };
  }
}

function candidateOf(
  principal: ServicePrincipalSummary,
  registryId: string,
  assignments: readonly RoleAssignment[],
): PrincipalCandidate {
  const own = assignments.filter(
    ({ principalId }) => principalId.toLowerCase() === principal.objectId.toLowerCase(),
  );
  const roles = own.map(
    ({ roleDefinitionId }) => builtInRole(roleDefinitionId)?.name ?? roleDefinitionId.split("/").at(-1) ?? "",
  );
  return {
    ...principal,
    ours: own.some((assignment) => isOurAssignment(registryId, assignment)),
    roles: [...new Set(roles)].sort(),
  };
}

function oursFirst(left: PrincipalCandidate, right: PrincipalCandidate): number {
  return Number(right.ours) - Number(left.ours) || left.displayName.localeCompare(right.displayName, "en");
}
