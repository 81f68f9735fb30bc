import type {
  ApplicationRegistration,
  ApplicationRemoval,
  ApplicationSearch,
  RegisteredApplication,
} from "../core/ports.ts";
import { ActionableError } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import type { Application } from "../domain/identity.ts";
import { isThere, lookAgain } from "../domain/look-again.ts";
import { isGuid } from "../domain/names.ts";
import {
  applicationFields,
  largestPage,
  literal,
  parseApplication,
  parseSummary,
  summaryFields,
} from "./directory-objects.ts";
import type { Graph } from "./graph-client.ts";
import { tenSeconds } from "./lagging-replicas.ts";
import { ServiceFailure } from "./service-failure.ts";

/** It is quicker to type another letter than to read a longer list. */
const mostFound = 20;

/** Finds applications by any of their ids, by name or by tag. */
export function applicationSearch(graph: Graph): ApplicationSearch {
  const findByKey = (key: string, signal: AbortSignal) => {
    const at = graph.api(`/applications${key}`).select(applicationFields);
    return graph.find("read the application", at, parseApplication, signal);
  };
  const findByAppId = (appId: string, signal: AbortSignal) => findByKey(`(appId=${literal(appId)})`, signal);

  /** By application id, object id, or object id of the principal. */
  async function findByGuid(id: string, signal: AbortSignal): Promise<readonly Application[]> {
    const at = graph.api(`/servicePrincipals/${id}`).select(summaryFields);
    const [byAppId, byObjectId, principal] = await Promise.all([
      findByAppId(id, signal),
      findByKey(`/${id}`, signal),
      graph.find("read the service principal", at, parseSummary, signal),
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
      const found = await graph.list("look for the application", at, signal);
      // Graph ignores letter case.
      return found.map(parseApplication).filter(({ displayName }) => displayName === reference);
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
      const found = await graph.list("search the applications", at, signal, mostFound);
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
      return (await graph.list("look for applications by their tag", at, signal)).map(parseApplication);
    },
  };
}

const doing = "register the application";

/** Registers applications. */
export function applicationRegistration(
  graph: Graph,
  {
    findApplicationByUniqueName,
    findDeletedApplication,
  }: Pick<ApplicationSearch & ApplicationRemoval, "findApplicationByUniqueName" | "findDeletedApplication">,
  graphUrl: string,
): ApplicationRegistration {
  /** The application that already holds a name, after the directory refused to give the name to a new one. */
  async function holderOf(
    uniqueName: string,
    refusal: unknown,
    signal: AbortSignal,
  ): Promise<RegisteredApplication> {
    const look = () => findApplicationByUniqueName(uniqueName, signal);
    const standing = await lookAgain(look, isThere, tenSeconds, signal);
    if (standing) return { application: standing, created: false };
    const deleted = await findDeletedApplication(uniqueName, signal);
    if (deleted) return { application: deleted, created: false, deleted };
    throw nameTaken(uniqueName, refusal, graphUrl);
  }

  return {
    /*
     * The caller owns what it makes with POST: https://learn.microsoft.com/graph/api/application-post-applications
     * With an upsert by unique name, a caller with `Application.ReadWrite.OwnedBy` did not:
     * https://github.com/Azure/bicep/issues/14868
     */
    createApplication: (application, signal) =>
      graph.perform(doing, signal, async () => {
        const { uniqueName, displayName, tags, serviceManagementReference } = application;
        const signInAudience = "AzureADMyOrg";
        const body = { uniqueName, displayName, tags, signInAudience, serviceManagementReference };
        try {
          // One application has the name, so a repeat after a lost answer is refused.
          const call = { method: "post", at: graph.api("/applications"), body, repeatable: true } as const;
          const made = await graph.send(call, signal);
          if (made) return { application: parseApplication(made), created: true };
        } catch (error) {
          if (isNameTaken(error)) return holderOf(uniqueName, error, signal);
          throw error;
        }
        return holderOf(uniqueName, undefined, signal);
      }),
  };
}

/**
 * The code is the same as for any bad request. Only the message says it: "Another object with the same value for
 * property uniqueName already exists."
 */
function isNameTaken(error: unknown): boolean {
  return (
    error instanceof ServiceFailure &&
    (error.status === 400 || error.status === 409) &&
    /\buniqueName\b.*\balready exists\b/i.test(error.message)
  );
}

function nameTaken(uniqueName: string, cause: unknown, graphUrl: string): ActionableError {
  const deleted = `${graphUrl}/v1.0/directory/deletedItems`;
  const { requestId, status } = cause instanceof ServiceFailure ? cause : {};
  return new ActionableError(
    `Could not ${doing}: an application that you cannot see holds the unique name ${uniqueName}.`,
    {
      code: "directory.unique-name-taken",
      hint: `It was probably deleted: a deleted application keeps its name for 30 days. An Application Administrator finds it in "${deleted}/microsoft.graph.application?$select=id,uniqueName" and frees the name with az rest --method DELETE --url ${deleted}/ID. A caller who also has Application.Read.All restores it with this same command. Or use another application: --service-principal.`,
      docs: "https://learn.microsoft.com/graph/api/directory-deleteditems-delete",
      exitCode: exitCode.notAllowed,
      requestId,
      status,
    },
    { cause },
  );
}
