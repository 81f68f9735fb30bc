import pMap from "p-map";
import type { ServicePrincipals } from "../core/ports.ts";
import type { Certified, ServicePrincipal } from "../domain/identity.ts";
import {
  certificatesOf,
  certifiedPrincipalFields,
  literal,
  servicePrincipalFields,
  servicePrincipalOf,
  summaryFields,
  parseSummary,
} from "./directory-objects.ts";
import type { DirectoryRequests } from "./directory-requests.ts";
import type { JsonObject } from "./json-fields.ts";
import { answerOf, hasAnswerCode, isAnswer, sameKeyValue } from "./service-failure.ts";

/** What is known about the caller. */
interface AboutCaller {
  /** Whether the caller certainly may change the application. */
  readonly mayChange: (appId: string, signal: AbortSignal) => Promise<boolean>;
  readonly tenantId: (signal: AbortSignal) => Promise<string>;
}

/** The most values that `in` takes. Source: https://learn.microsoft.com/graph/known-issues#query-parameters */
const idsInFilter = 15;
const requestsAtOnce = 8;

/** Service principals of applications. */
export function servicePrincipals(
  { graph, find, list, perform }: DirectoryRequests,
  { mayChange, tenantId }: AboutCaller,
): ServicePrincipals {
  const findBy = <T>(fields: string, read: (item: JsonObject) => T, appId: string, signal: AbortSignal) =>
    find(
      "read the service principal",
      graph.api(`/servicePrincipals(appId=${literal(appId)})`).select(fields),
      read,
      signal,
    );

  return {
    findServicePrincipal: (appId, signal) =>
      findBy(servicePrincipalFields, servicePrincipalOf, appId, signal),

    /**
     * Asks with a filter. `getByIds` takes more ids at once, but requires the right to read the whole directory. A
     * filter requires no more than `Application.ReadWrite.OwnedBy`.
     * Source: https://learn.microsoft.com/graph/api/serviceprincipal-list
     */
    async findServicePrincipals(objectIds, signal) {
      const home = await tenantId(signal);
      const pages = await pMap(
        chunksOf([...new Set(objectIds)], idsInFilter),
        (ids) => {
          const at = graph
            .api("/servicePrincipals")
            .filter(`id in (${ids.map(literal).join(",")})`)
            .select(`${summaryFields},servicePrincipalType,appOwnerOrganizationId`);
          return list("read the holders of the roles", at, signal);
        },
        { concurrency: requestsAtOnce, signal },
      );
      return pages
        .flat()
        .filter(
          (item) =>
            item["servicePrincipalType"] === "Application" && isSameId(item["appOwnerOrganizationId"], home),
        )
        .map(parseSummary);
    },

    /**
     * A replica that does not know the application may answer with 403. If the caller certainly may change the
     * application, that is what a 403 means.
     */
    createServicePrincipal: (appId, signal) =>
      perform("create the service principal", signal, async () => {
        try {
          const made = await graph.send(
            // An application has one principal, so a repeat after a lost answer is refused.
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
      }),
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

/** Also true for a bad request without details: the application id is the only variable in the request. */
function isApplicationUnknown(error: unknown): boolean {
  if (isAnswer(error, 404) || isAnswer(error, 400, "NoBackingApplicationObject")) return true;
  return isAnswer(error, 400, "Request_BadRequest") && answerOf(error)?.codes.length === 1;
}
