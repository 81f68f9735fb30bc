import type { ApplicationSearch } from "../core/ports.ts";
import type { Application } from "../domain/identity.ts";
import { isGuid } from "../domain/names.ts";
import {
  applicationFields,
  parseApplication,
  largestPage,
  literal,
  servicePrincipalFields,
  servicePrincipalOf,
  summaryFields,
  parseSummary,
} from "./directory-objects.ts";
import type { DirectoryRequests } from "./directory-requests.ts";

/** It is quicker to type another letter than to read a longer list. */
const mostFound = 20;

/** Finds applications by any of their ids, by name or by tag. */
export function applicationSearch({ graph, find, list }: DirectoryRequests): ApplicationSearch {
  const findByKey = (key: string, signal: AbortSignal) =>
    find(
      "read the application",
      graph.api(`/applications${key}`).select(applicationFields),
      parseApplication,
      signal,
    );
  const findByAppId = (appId: string, signal: AbortSignal) => findByKey(`(appId=${literal(appId)})`, signal);

  /** By application id, object id, or object id of the principal. */
  async function findByGuid(id: string, signal: AbortSignal): Promise<readonly Application[]> {
    const [byAppId, byObjectId, principal] = await Promise.all([
      findByAppId(id, signal),
      findByKey(`/${id}`, signal),
      find(
        "read the service principal",
        graph.api(`/servicePrincipals/${id}`).select(servicePrincipalFields),
        servicePrincipalOf,
        signal,
      ),
    ]);
    const ofPrincipal = principal && (await findByAppId(principal.appId, signal));
    const found = [byAppId, byObjectId, ofPrincipal].filter((item) => item !== undefined);
    return [...new Map(found.map((item) => [item.objectId, item])).values()];
  }

  return {
    readApplication: (objectId, signal) => findByKey(`/${objectId}`, signal),
    findApplicationByUniqueName: (uniqueName, signal) =>
      findByKey(`(uniqueName=${literal(uniqueName)})`, signal),
    findApplicationByAppId: findByAppId,

    async findApplications(reference, signal) {
      if (isGuid(reference)) return findByGuid(reference, signal);
      const at = graph
        .api("/applications")
        .filter(`displayName eq ${literal(reference)}`)
        .select(applicationFields);
      const found = (await list("look for the application", at, signal)).map(parseApplication);
      // Graph ignores letter case.
      return found.filter(({ displayName }) => displayName === reference);
    },

    async searchApplications(text, signal) {
      const wanted = text.trim();
      if (isGuid(wanted)) {
        const found = await findByGuid(wanted, signal);
        return found.map(({ objectId, appId, displayName }) => ({ objectId, appId, displayName }));
      }
      // Sorted here: Graph sorts a filtered list only in its advanced queries, whose index lags further behind.
      const all = graph.api("/applications").top(mostFound).select(summaryFields);
      const at = wanted === "" ? all : all.filter(`startswith(displayName,${literal(wanted)})`);
      const found = await list("search the applications", at, signal, mostFound);
      return found
        .map(parseSummary)
        .sort((left, right) => left.displayName.localeCompare(right.displayName, "en"));
    },

    async listApplicationsTagged(tag, signal) {
      // `any` with `eq` does not need an advanced query.
      const at = graph
        .api("/applications")
        .filter(`tags/any(tag:tag eq ${literal(tag)})`)
        .top(largestPage)
        .select(applicationFields);
      return (await list("look for applications by their tag", at, signal)).map(parseApplication);
    },
  };
}
