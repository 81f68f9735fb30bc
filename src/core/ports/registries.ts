import type {
  AccessedRegistry,
  ListedRegistry,
  RegistryLookup,
  RegistryReference,
  RegistrySearch,
} from "../../domain/registry.ts";

/*
 * Container registries, through Azure Resource Manager. Its answers are believed: a registry exists long before a
 * cluster pulls from it.
 */

/** Where to look for a registry: in every visible subscription unless narrowed. */
export interface RegistryScope {
  /** Id or name. */
  readonly subscription?: string | undefined;
}

/** Finds registries. */
export interface Registries {
  /**
   * The login server that a registry most likely has, without a request, so that work that needs the name can begin.
   * Undefined if a guess is useless, or outside the cloud. Azure's answer decides in the end.
   */
  likelyLoginServer(reference: RegistryReference): string | undefined;
  /**
   * Every registry that matches. Reads a resource id directly. Reports a subscription that cannot be searched in
   * `unseen`, but throws its error if the scope names that subscription.
   * @throws ActionableError `azure.no-subscription` if there is none to search, `registry.foreign-host` for a login
   *   server outside the cloud
   */
  findRegistries(
    reference: RegistryReference,
    scope: RegistryScope,
    signal: AbortSignal,
  ): Promise<RegistryLookup>;
  /**
   * Every registry that the caller sees, in no particular order. Leaves out a registry with a login server outside
   * the cloud, because no password may be sent there.
   * @throws ActionableError `azure.no-subscription` if there is none to search
   */
  listRegistries(scope: RegistryScope, signal: AbortSignal): Promise<RegistrySearch<ListedRegistry>>;
}

/** Finds registries, and how they can be reached. */
export interface RegistryReads {
  /** The registry with this resource id; undefined if there is none. */
  readAccess(
    reference: RegistryReference & { kind: "resource-id" },
    signal: AbortSignal,
  ): Promise<AccessedRegistry | undefined>;
  /** Every registry that the caller sees; throws as listRegistries does. */
  listAccess(scope: RegistryScope, signal: AbortSignal): Promise<RegistrySearch<AccessedRegistry>>;
}
