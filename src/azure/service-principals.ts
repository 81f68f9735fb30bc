import pMap from "p-map";
import type { Certified, ServicePrincipal, ServicePrincipalSummary } from "../domain/identity.ts";
import {
  certificatesOf,
  certifiedPrincipalFields,
  literal,
  servicePrincipalFields,
  servicePrincipalOf,
  summaryFields,
  summaryOf,
} from "./directory-objects.ts";
import type { DirectoryRequests } from "./directory-requests.ts";
import type { JsonObject } from "./json-fields.ts";
import { answerOf, hasAnswerCode, isAnswer, sameKeyValue } from "./service-failure.ts";

/** What is known of the caller. */
interface AboutCaller {
  /** Whether the caller may change that application for certain. */
  readonly mayChange: (appId: string, signal: AbortSignal) => Promise<boolean>;
  readonly tenantId: (signal: AbortSignal) => Promise<string>;
}

/** The most values of `in`. Source: https://learn.microsoft.com/graph/known-issues#query-parameters */
const idsInFilter = 15;
const requestsAtOnce = 8;

/** Service principals of applications. */
export function servicePrincipals(
  { graph, find, list, undertake }: DirectoryRequests,
  { mayChange, tenantId }: AboutCaller,
) {
  const findBy = <T>(fields: string, read: (item: JsonObject) => T, appId: string, signal: AbortSignal) =>
    find(
      "read the service principal",
      graph.api(`/servicePrincipals(appId=${literal(appId)})`).select(fields),
      read,
      signal,
    );

  return {
    findServicePrincipal: (appId: string, signal: AbortSignal) =>
      findBy(servicePrincipalFields, servicePrincipalOf, appId, signal),

    /**
     * The service principals among these object ids whose application is registered in this tenant. Left out are
     * users, groups, managed identities, applications of other tenants, and ids that are not known.
     *
     * Asked by a filter: `getByIds` takes more ids at once, but wants the right to read the whole directory, where
     * this is content with `Application.ReadWrite.OwnedBy`.
     * Source: https://learn.microsoft.com/graph/api/serviceprincipal-list
     */
    async findServicePrincipals(
      objectIds: readonly string[],
      signal: AbortSignal,
    ): Promise<readonly ServicePrincipalSummary[]> {
      const home = await tenantId(signal);
      const pages = await pMap(
        chunksOf([...new Set(objectIds)], idsInFilter),
        (ids) => {
          const at = graph
            .api("/servicePrincipals")
            .filter(`id in (${ids.map(literal).join(",")})`)
            .select(`${summaryFields},servicePrincipalType,appOwnerOrganizationId`);
          return list("look up who holds the roles", at, signal);
        },
        { concurrency: requestsAtOnce, signal },
      );
      return pages
        .flat()
        .filter(
          (item) =>
            item["servicePrincipalType"] === "Application" && isSameId(item["appOwnerOrganizationId"], home),
        )
        .map(summaryOf);
    },

    /**
     * Makes the principal, or reads the one that is there. `undefined` while this part of the directory does not
     * know the application, or the principal, yet: ask again.
     *
     * A part that does not know the application may call that a lack of rights (403); so it is taken when the caller
     * may change the application for certain.
     */
    async createServicePrincipal(
      appId: string,
      signal: AbortSignal,
    ): Promise<(ServicePrincipal & Certified) | undefined> {
      return undertake("create the service principal", signal, async () => {
        try {
          const made = await graph.send(
            // There is one principal for an application id, so a repeat after a lost answer is refused.
            { method: "post", at: graph.api("/servicePrincipals"), body: { appId }, repeatable: true },
            signal,
          );
          return made && certified(made);
        } catch (error) {
          if (isAnswer(error, 409) || hasAnswerCode(error, sameKeyValue)) {
            return findBy(certifiedPrincipalFields, certified, appId, signal);
          }
          if (isApplicationUnknown(error)) return undefined;
          if (
            isAnswer(error, 403, "Authorization_RequestDenied") &&
            (await mayChange(appId, signal).catch(() => false))
          ) {
            return undefined;
          }
          throw error;
        }
      });
    },
  };
}

function certified(item: JsonObject): ServicePrincipal & Certified {
  return { ...servicePrincipalOf(item), certificates: certificatesOf(item) };
}

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

function isSameId(id: unknown, wanted: string): boolean {
  return typeof id === "string" && id.toLowerCase() === wanted.toLowerCase();
}

/** Without details the request's only variable, the application id, must be what is wrong with it. */
function isApplicationUnknown(error: unknown): boolean {
  if (isAnswer(error, 404) || isAnswer(error, 400, "NoBackingApplicationObject")) return true;
  return isAnswer(error, 400, "Request_BadRequest") && answerOf(error)?.codes.length === 1;
}
