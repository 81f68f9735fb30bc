import type { ActionableError } from "./errors.ts";

/**
 * Which permission model a registry uses. In ABAC mode AcrPull, AcrPush and Owner reach no data; in legacy mode
 * the Repository roles do nothing.
 * Source: https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions
 */
export type RoleAssignmentMode = "LegacyRegistryPermissions" | "AbacRepositoryPermissions";

/** A container registry as Azure Resource Manager knows it. */
export interface Registry {
  /** Resource id, in the case Azure gave. */
  readonly id: string;
  readonly name: string;
  /** The host in image names, in lower case. It may contain a hash, so it is never built from the registry's name. */
  readonly loginServer: string;
  /** Undefined if the cloud's Resource Manager has no API version that tells. */
  readonly roleAssignmentMode: RoleAssignmentMode | undefined;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly location: string;
  /** Whether its public access is off, so that only its private endpoints lead to it. */
  readonly isPrivate?: true;
}

/** A registry as a list shows it. */
export interface ListedRegistry extends Registry {
  /** Undefined if the subscription was given by its id, because then its name is not looked up. */
  readonly subscriptionName: string | undefined;
}

/** What a search over subscriptions found. */
export interface RegistrySearch<Found extends Registry> {
  readonly registries: readonly Found[];
  /** Why each unseen subscription could not be searched: the registry may be there. */
  readonly unseen: readonly ActionableError[];
}

/** What a search for one registry found. */
export interface RegistryLookup extends RegistrySearch<Registry> {
  /** Others that were seen on the way: a person may have meant one of them. */
  readonly others: readonly Registry[];
  /** The tenant that was searched. There may be more in others. */
  readonly tenantId?: string | undefined;
}

/** Who can reach a registry. */
export interface RegistryAccess {
  /** Whether it can be reached at all from outside its private endpoints. */
  readonly publicAccess: boolean;
  /** Whether it accepts addresses that no rule names. */
  readonly opensToAll: boolean;
  /** How many addresses or ranges the rules accept. */
  readonly allowedAddresses: number;
  readonly privateEndpoints: number;
}

/** A registry with how it can be reached. */
export interface AccessedRegistry extends Registry {
  readonly access: RegistryAccess;
}

/** How a user names a registry. */
export type RegistryReference =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "login-server"; readonly loginServer: string }
  | {
      readonly kind: "resource-id";
      readonly id: string;
      readonly subscriptionId: string;
      readonly resourceGroup: string;
      readonly name: string;
    };
