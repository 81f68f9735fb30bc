import type {
  AccessedRegistry,
  ListedRegistry,
  RegistryLookup,
  RegistryReference,
  RegistrySearch,
} from "../../domain/registry.ts";

/*
 * Container registries, by Azure Resource Manager. What it says of a registry is believed: a registry is made long
 * before a cluster pulls from it.
 */

/** Where to look for a registry: in every visible subscription unless narrowed. */
export interface RegistryScope {
  /** Id or name. */
  readonly subscription?: string | undefined;
  readonly resourceGroup?: string | undefined;
}

/** Finds registries. */
export interface Registries {
  /**
   * The login server that a registry most likely has, without a request, so that work which needs the name can begin.
   * Undefined where a guess would be useless, or not one of the cloud's. Azure's answer decides.
   */
  likelyLoginServer(reference: RegistryReference): string | undefined;
  /**
   * Every registry that matches. Reads a resource id directly. A subscription that cannot be looked in is reported in
   * `unseen`, unless it is the one that the scope names: then it is thrown.
   * @throws ActionableError `azure.no-subscription` if there is none to look in, `registry.foreign-host` for a login
   *   server outside the cloud
   */
  findRegistries(
    reference: RegistryReference,
    scope: RegistryScope,
    signal: AbortSignal,
  ): Promise<RegistryLookup>;
  /**
   * Every registry that the caller sees, in no order. One with a login server outside the cloud is left out: no password
   * may be sent there.
   * @throws ActionableError `azure.no-subscription` if there is none to look in
   */
  listRegistries(scope: RegistryScope, signal: AbortSignal): Promise<RegistrySearch<ListedRegistry>>;
}

/** Finds registries with how they can be reached. */
export interface RegistryReads {
  /** One by its resource id; undefined if there is none. */
  readAccess(
    reference: RegistryReference & { kind: "resource-id" },
    signal: AbortSignal,
  ): Promise<AccessedRegistry | undefined>;
  /** Every one that the caller sees; throws as listRegistries does. */
  listAccess(scope: RegistryScope, signal: AbortSignal): Promise<RegistrySearch<AccessedRegistry>>;
}
