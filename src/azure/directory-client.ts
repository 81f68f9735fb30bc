import type { Directory } from "../core/ports.ts";
import type { Caller } from "../domain/identity.ts";
import { applicationPasswords } from "./application-passwords.ts";
import { applicationSearch } from "./application-search.ts";
import { applicationOwners } from "./application-owners.ts";
import { applicationRegistration } from "./application-registration.ts";
import { applicationRemoval } from "./application-removal.ts";
import type { AzureHttp } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import type { Credential } from "./credential.ts";
import { literal } from "./directory-objects.ts";
import { directoryRequests } from "./directory-requests.ts";
import { createGraphClient } from "./graph-client.ts";
import { servicePrincipals } from "./service-principals.ts";
import { callerOf, mayAddOwners, mayChangeAll, mayRegister } from "./token-claims.ts";

/**
 * Reads and writes applications and service principals through Microsoft Graph. Reads and idempotent writes are retried
 * after transient faults, other writes only after a refusal that changed nothing.
 */
export function createDirectoryClient(cloud: Cloud, credential: Credential, http: AzureHttp): Directory {
  const requests = directoryRequests(createGraphClient(cloud, credential, http));
  const claims = (signal: AbortSignal) => credential.claims(cloud.graphScope, signal);
  const caller = async (signal: AbortSignal): Promise<Caller> => callerOf(await claims(signal));

  /** Ids of applications that the caller is known to own. A wait for a principal asks about the same one repeatedly. */
  const owned = new Set<string>();

  /** Whether the caller certainly may change the application, because it may change all or owns this one. */
  async function mayChange(appId: string, signal: AbortSignal): Promise<boolean> {
    if (owned.has(appId) || mayChangeAll(await claims(signal)) === "yes") return true;
    const { objectId } = await caller(signal);
    const at = requests.graph.api(`/applications(appId=${literal(appId)})/owners`).select("id");
    const isOwner = (page: Readonly<Record<string, unknown>>) =>
      Array.isArray(page["value"]) && page["value"].some((owner: { id?: unknown }) => owner.id === objectId);
    const owns = await requests.find("list the owners of the application", at, isOwner, signal);
    if (owns === true) owned.add(appId);
    // If this replica does not know the application either, that was the reason for the refusal.
    return owns ?? true;
  }

  const search = applicationSearch(requests);
  const removal = applicationRemoval(requests, search, cloud.graph);

  return {
    serverTime: () => http.serverTime(),
    caller,
    mayRegisterApplications: async (signal) => mayRegister(await claims(signal)),
    mayChangeAllApplications: async (signal) => mayChangeAll(await claims(signal)),
    mayAddOwners: async (signal) => mayAddOwners(await claims(signal)),
    ...search,
    ...removal,
    ...applicationRegistration(requests, { ...search, ...removal }, cloud.graph),
    ...applicationOwners(requests, cloud.graph),
    ...servicePrincipals(requests, {
      mayChange,
      tenantId: async (signal) => (await caller(signal)).tenantId,
    }),
    ...applicationPasswords(requests),
  };
}
