import type { GraphRequest } from "@microsoft/microsoft-graph-client";
import pMap from "p-map";
import type { Ownership, ServicePrincipals } from "../core/ports.ts";
import { hasCode, type ActionableError } from "../domain/errors.ts";
import type { Certified, ServicePrincipal } from "../domain/identity.ts";
import { lookAgain } from "../domain/look-again.ts";
import {
  certificateFields,
  certificatesOf,
  certifiedPrincipalFields,
  literal,
  ownerFields,
  ownerOf,
  parseSummary,
  servicePrincipalFields,
  servicePrincipalOf,
  summaryFields,
} from "./directory-objects.ts";
import type { Graph } from "./graph-client.ts";
import type { JsonObject } from "./json-fields.ts";
import { tenSeconds } from "./lagging-replicas.ts";
import { isRefusal, sameKeyValue, ServiceFailure } from "./service-failure.ts";

/** Reads what controls an application or its principal: owners, federated credentials and certificates. Adds owners. */
export function applicationOwners(graph: Graph, graphUrl: string): Ownership {
  /** Reads part of an object that was read before. A replica that does not know it lags, so acr-pull asks again. */
  async function partOfKnown<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const tryToRead = async (): Promise<{ read: T } | { unknown: ActionableError }> => {
      try {
        return { read: await read() };
      } catch (error) {
        if (hasCode(error, "directory.not-found")) return { unknown: error };
        throw error;
      }
    };
    const answer = await lookAgain(tryToRead, (one) => "read" in one, tenSeconds, signal);
    if ("unknown" in answer) throw answer.unknown;
    return answer.read;
  }
  const listOfKnown = (doing: string, at: GraphRequest, signal: AbortSignal) =>
    partOfKnown(() => graph.list(doing, at, signal), signal);
  const ownersOf = async (what: string, path: string, signal: AbortSignal) => {
    const at = graph.api(`${path}/owners`).select(ownerFields);
    return (await listOfKnown(`list the owners of the ${what}`, at, signal)).map(ownerOf);
  };
  const certificatesIn = (what: string, path: string, signal: AbortSignal) =>
    partOfKnown(async () => {
      const call = { method: "get", at: graph.api(path).select(certificateFields) } as const;
      return certificatesOf((await graph.ask(`read the certificates of the ${what}`, call, signal)) ?? {});
    }, signal);
  const listOwners: Ownership["listOwners"] = (objectId, signal) =>
    ownersOf("application", `/applications/${objectId}`, signal);

  return {
    listOwners,
    listPrincipalOwners: (objectId, signal) =>
      ownersOf("service principal", `/servicePrincipals/${objectId}`, signal),

    async addOwner(objectId, ownerId, signal) {
      await graph.perform(`make ${ownerId} an owner of the application`, signal, async () => {
        const at = graph.api(`/applications/${objectId}/owners/$ref`);
        const body = { "@odata.id": `${graphUrl}/v1.0/directoryObjects/${ownerId}` };
        try {
          await graph.send({ method: "post", at, body, repeatable: true }, signal);
        } catch (error) {
          const isOwner =
            isRefusal(error, 400) &&
            (await listOwners(objectId, signal)).some((owner) => owner.objectId === ownerId);
          if (!isOwner) throw error;
        }
      });
    },

    async countFederatedCredentials(objectId, signal) {
      const at = graph.api(`/applications/${objectId}/federatedIdentityCredentials`).select("id");
      return (await listOfKnown("list the federated credentials of the application", at, signal)).length;
    },

    countCertificates: (objectId, signal) =>
      certificatesIn("application", `/applications/${objectId}`, signal),
    countPrincipalCertificates: (objectId, signal) =>
      certificatesIn("service principal", `/servicePrincipals/${objectId}`, signal),
  };
}

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
export function servicePrincipals(graph: Graph, { mayChange, tenantId }: AboutCaller): ServicePrincipals {
  const findBy = <T>(fields: string, read: (item: JsonObject) => T, appId: string, signal: AbortSignal) => {
    const at = graph.api(`/servicePrincipals(appId=${literal(appId)})`).select(fields);
    return graph.find("read the service principal", at, read, signal);
  };

  return {
    findServicePrincipal: (appId, signal) =>
      findBy(servicePrincipalFields, servicePrincipalOf, appId, signal),

    /**
     * Asks with a filter. `getByIds` takes more ids at once, but requires the right to read the whole directory. A
     * filter requires no more than `Application.ReadWrite.OwnedBy`.
     * Source: https://learn.microsoft.com/graph/api/serviceprincipal-list
     */
    async findServicePrincipals(objectIds, signal) {
      const home = (await tenantId(signal)).toLowerCase();
      const ids = [...new Set(objectIds)];
      const starts = Array.from(
        { length: Math.ceil(ids.length / idsInFilter) },
        (_, index) => index * idsInFilter,
      );
      const pages = await pMap(
        starts,
        (start) => {
          const some = ids.slice(start, start + idsInFilter).map(literal);
          const at = graph
            .api("/servicePrincipals")
            .filter(`id in (${some.join(",")})`)
            .select(`${summaryFields},servicePrincipalType,appOwnerOrganizationId`);
          return graph.list("read the holders of the roles", at, signal);
        },
        { concurrency: requestsAtOnce, signal },
      );
      return pages
        .flat()
        .filter(
          ({ servicePrincipalType, appOwnerOrganizationId: owner }) =>
            servicePrincipalType === "Application" &&
            typeof owner === "string" &&
            owner.toLowerCase() === home,
        )
        .map(parseSummary);
    },

    /**
     * A replica that does not know the application may answer with 403. If the caller certainly may change the
     * application, that is what a 403 means.
     */
    createServicePrincipal: (appId, signal) =>
      graph.perform("create the service principal", signal, async () => {
        const at = graph.api("/servicePrincipals");
        try {
          // An application has one principal, so a repeat after a lost answer is refused.
          const made = await graph.send({ method: "post", at, body: { appId }, repeatable: true }, signal);
          return made && certified(made);
        } catch (error) {
          if (!(error instanceof ServiceFailure)) throw error;
          if (error.status === 409 || error.codes.includes(sameKeyValue)) {
            return findBy(certifiedPrincipalFields, certified, appId, signal);
          }
          const isUnknown =
            isApplicationUnknown(error) ||
            (isRefusal(error, 403, "Authorization_RequestDenied") &&
              (await mayChange(appId, signal).catch(() => false)));
          if (isUnknown) return undefined;
          throw error;
        }
      }),
  };
}

function certified(item: JsonObject): ServicePrincipal & Certified {
  return { ...servicePrincipalOf(item), certificates: certificatesOf(item) };
}

/** Also true for a bad request without details: the application id is the only variable in the request. */
function isApplicationUnknown(error: ServiceFailure): boolean {
  if (isRefusal(error, 404) || isRefusal(error, 400, "NoBackingApplicationObject")) return true;
  return isRefusal(error, 400, "Request_BadRequest") && error.codes.length === 1;
}
