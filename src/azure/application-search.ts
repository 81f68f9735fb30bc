import type { Application, ApplicationSummary } from "../domain/identity.ts";
import { isGuid } from "../domain/names.ts";
import {
  applicationFields,
  applicationOf,
  largestPage,
  literal,
  servicePrincipalFields,
  servicePrincipalOf,
  summaryFields,
  summaryOf,
} from "./directory-objects.ts";
import type { DirectoryRequests } from "./directory-requests.ts";

/** Another letter narrows the rest down sooner than reading it would. */
const mostFound = 20;

/** Application registrations by what a person calls them. */
export function applicationSearch({ graph, find, list }: DirectoryRequests) {
  const findByKey = (key: string, signal: AbortSignal) =>
    find(
      "read the application",
      graph.api(`/applications${key}`).select(applicationFields),
      applicationOf,
      signal,
    );

  /** An application whose id, or whose principal's id, this is. */
  async function findByGuid(id: string, signal: AbortSignal): Promise<readonly Application[]> {
    const [byAppId, byObjectId, principal] = await Promise.all([
      findByKey(`(appId=${literal(id)})`, signal),
      findByKey(`/${id}`, signal),
      find(
        "read the service principal",
        graph.api(`/servicePrincipals/${id}`).select(servicePrincipalFields),
        servicePrincipalOf,
        signal,
      ),
    ]);
    const ofPrincipal = principal && (await findByKey(`(appId=${literal(principal.appId)})`, signal));
    const found = [byAppId, byObjectId, ofPrincipal].filter((item) => item !== undefined);
    return [...new Map(found.map((item) => [item.objectId, item])).values()];
  }

  return {
    findApplicationByAppId: (appId: string, signal: AbortSignal) =>
      findByKey(`(appId=${literal(appId)})`, signal),

    /** By application id, object id (of the application or its principal) or exact display name: all that fit. */
    async findApplications(reference: string, signal: AbortSignal): Promise<readonly Application[]> {
      if (isGuid(reference)) return findByGuid(reference, signal);
      const at = graph
        .api("/applications")
        .filter(`displayName eq ${literal(reference)}`)
        .select(applicationFields);
      const found = (await list("look for the application", at, signal)).map(applicationOf);
      // Graph compares without regard to case.
      return found.filter(({ displayName }) => displayName === reference);
    },

    /**
     * Applications whose display name begins with the text, whatever the letter case, by name; at most 20. Any 20 for
     * an empty text; for a GUID those that it names, as findApplications has it.
     */
    async searchApplications(text: string, signal: AbortSignal): Promise<readonly ApplicationSummary[]> {
      const wanted = text.trim();
      if (isGuid(wanted)) {
        const found = await findByGuid(wanted, signal);
        return found.map(({ objectId, appId, displayName }) => ({ objectId, appId, displayName }));
      }
      // Sorted here: Graph sorts what it filters only by its advanced queries, whose index lags further behind.
      const all = graph.api("/applications").top(mostFound).select(summaryFields);
      const at = wanted === "" ? all : all.filter(`startswith(displayName,${literal(wanted)})`);
      const found = await list("search the applications", at, signal, mostFound);
      return found
        .map(summaryOf)
        .sort((left, right) => left.displayName.localeCompare(right.displayName, "en"));
    },

    /** Every application that bears the tag, in no order: `any` with `eq` is none of the advanced queries. */
    async listApplicationsTagged(tag: string, signal: AbortSignal): Promise<readonly Application[]> {
      const at = graph
        .api("/applications")
        .filter(`tags/any(tag:tag eq ${literal(tag)})`)
        .top(largestPage)
        .select(applicationFields);
      return (await list("look for applications by their tag", at, signal)).map(applicationOf);
    },
  };
}
