import type { Caller } from "../domain/identity.ts";
import { applicationPasswords } from "./application-passwords.ts";
import { applicationSearch } from "./application-search.ts";
import { applications } from "./applications.ts";
import type { AzureHttp } from "./azure-http.ts";
import type { Cloud } from "./cloud.ts";
import type { Credential } from "./credential.ts";
import { literal } from "./directory-objects.ts";
import { directoryRequests } from "./directory-requests.ts";
import { createGraphClient } from "./graph-client.ts";
import { servicePrincipals } from "./service-principals.ts";
import { callerOf, mayAddOwners, mayChangeAll, mayRegister } from "./token-claims.ts";

/**
 * Applications and service principals, by Microsoft Graph. Fits the port `Directory` of core. Reads, and writes that
 * are the same twice, are repeated after passing faults; others only when they were refused undone.
 */
export function createDirectoryClient(cloud: Cloud, credential: Credential, http: AzureHttp) {
  const requests = directoryRequests(createGraphClient(cloud, credential, http));
  const claims = (signal: AbortSignal) => credential.claims(cloud.graphScope, signal);
  const caller = async (signal: AbortSignal): Promise<Caller> => callerOf(await claims(signal));

  /** Application ids whose owner the caller is known to be: who waits for a principal asks again and again. */
  const owned = new Set<string>();

  /** Whether the caller may change the application for certain: any of them, or because it is an owner. */
  async function mayChange(appId: string, signal: AbortSignal): Promise<boolean> {
    if (owned.has(appId) || mayChangeAll(await claims(signal)) === "yes") return true;
    const { objectId } = await caller(signal);
    const at = requests.graph.api(`/applications(appId=${literal(appId)})/owners`).select("id");
    const isOwner = (page: Readonly<Record<string, unknown>>) =>
      Array.isArray(page["value"]) && page["value"].some((owner: { id?: unknown }) => owner.id === objectId);
    const owns = await requests.find("list the owners of the application", at, isOwner, signal);
    if (owns === true) owned.add(appId);
    // Unknown here as well: then the refusal was for that.
    return owns ?? true;
  }

  return {
    serverTime: () => http.serverTime(),
    caller,
    /** Whether the caller may register applications, by what its token says. */
    mayRegisterApplications: async (signal: AbortSignal) => mayRegister(await claims(signal)),
    /** Whether the caller may change every application of the tenant, not only those it owns. */
    mayChangeAllApplications: async (signal: AbortSignal) => mayChangeAll(await claims(signal)),
    /** Whether the caller may make others owners of what it owns, by what its token says. */
    mayAddOwners: async (signal: AbortSignal) => mayAddOwners(await claims(signal)),
    ...applications(requests, cloud.graph),
    ...applicationSearch(requests),
    ...servicePrincipals(requests, {
      mayChange,
      tenantId: async (signal) => (await caller(signal)).tenantId,
    }),
    ...applicationPasswords(requests),
  };
}
