import type { Directory } from "../core/ports.ts";
import type { Caller } from "../domain/identity.ts";
import { applicationPasswords } from "./application-passwords.ts";
import { applicationRemoval } from "./application-removal.ts";
import { applicationRegistration, applicationSearch } from "./applications.ts";
import type { AzureHttp } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import type { Credential } from "./credential.ts";
import { literal, ownerOf } from "./directory-objects.ts";
import { createGraphClient } from "./graph-client.ts";
import { list, record } from "./json-fields.ts";
import { applicationOwners, servicePrincipals } from "./principals.ts";
import { callerOf, mayAddOwners, mayChangeAll, mayRegister } from "./token-claims.ts";

/**
 * Reads and writes applications and service principals through Microsoft Graph. Reads and idempotent writes are retried
 * after transient faults, other writes only after a refusal that changed nothing.
 */
export function createDirectoryClient(cloud: Cloud, credential: Credential, http: AzureHttp): Directory {
  const graph = createGraphClient(cloud, credential, http);
  const claims = (signal: AbortSignal) => credential.claims(cloud.graphScope, signal);
  const caller = async (signal: AbortSignal): Promise<Caller> => callerOf(await claims(signal));

  /** Ids of applications that the caller is known to own. A wait for a principal asks about the same one repeatedly. */
  const owned = new Set<string>();

  /** Whether the caller certainly may change the application, because it may change all or owns this one. */
  async function mayChange(appId: string, signal: AbortSignal): Promise<boolean> {
    if (owned.has(appId) || mayChangeAll(await claims(signal)) === "yes") return true;
    const { objectId } = await caller(signal);
    const at = graph.api(`/applications(appId=${literal(appId)})/owners`).select("id");
    const owns = await graph.find(
      "list the owners of the application",
      at,
      (page) => list(page["value"]).some((owner) => ownerOf(record(owner)).objectId === objectId),
      signal,
    );
    if (owns === true) owned.add(appId);
    // If this replica does not know the application either, that was the reason for the refusal.
    return owns ?? true;
  }

  const search = applicationSearch(graph);
  const removal = applicationRemoval(graph, search, cloud.graph);

  return {
    serverTime: () => http.serverTime(),
    caller,
    mayRegisterApplications: async (signal) => mayRegister(await claims(signal)),
    mayChangeAllApplications: async (signal) => mayChangeAll(await claims(signal)),
    mayAddOwners: async (signal) => mayAddOwners(await claims(signal)),
    ...search,
    ...removal,
    ...applicationRegistration(graph, { ...search, ...removal }, cloud.graph),
    ...applicationOwners(graph, cloud.graph),
    ...servicePrincipals(graph, {
      mayChange,
      tenantId: async (signal) => (await caller(signal)).tenantId,
    }),
    ...applicationPasswords(graph),
  };
}
