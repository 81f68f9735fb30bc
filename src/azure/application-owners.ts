import type { GraphRequest } from "@microsoft/microsoft-graph-client";
import type { Ownership } from "../core/ports.ts";
import { hasCode, type ActionableError } from "../domain/errors.ts";
import type { Owner } from "../domain/identity.ts";
import { lookAgain, type Looks } from "../domain/look-again.ts";
import { certificateFields, certificatesOf, ownerFields, ownerOf } from "./directory-objects.ts";
import type { DirectoryRequests } from "./directory-requests.ts";
import { sleep } from "./removal-everywhere.ts";
import { isAnswer } from "./service-failure.ts";

/** Ten seconds: enough to reach many replicas. */
const untilKnown: Looks = { most: 20, betweenMs: 500, sleep };

/** Reads what controls an application or its principal: owners, federated credentials and certificates. Adds owners. */
export function applicationOwners(
  { graph, ask, list, perform }: DirectoryRequests,
  graphUrl: string,
): Ownership {
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
    const answer = await lookAgain(tryToRead, (one) => "read" in one, untilKnown, signal);
    if ("unknown" in answer) throw answer.unknown;
    return answer.read;
  }
  const listOfKnown = (doing: string, at: GraphRequest, signal: AbortSignal) =>
    partOfKnown(() => list(doing, at, signal), signal);
  const ownersOf = async (what: string, path: string, signal: AbortSignal): Promise<readonly Owner[]> => {
    const at = graph.api(`${path}/owners`).select(ownerFields);
    return (await listOfKnown(`list the owners of the ${what}`, at, signal)).map(ownerOf);
  };
  const certificatesIn = (what: string, path: string, signal: AbortSignal) =>
    partOfKnown(async () => {
      const call = { method: "get", at: graph.api(path).select(certificateFields) } as const;
      return certificatesOf((await ask(`read the certificates of the ${what}`, call, signal)) ?? {});
    }, signal);
  const listOwners: Ownership["listOwners"] = (objectId, signal) =>
    ownersOf("application", `/applications/${objectId}`, signal);

  return {
    listOwners,
    listPrincipalOwners: (objectId, signal) =>
      ownersOf("service principal", `/servicePrincipals/${objectId}`, signal),

    async addOwner(objectId, ownerId, signal) {
      await perform(`make ${ownerId} an owner of the application`, signal, async () => {
        try {
          await graph.send(
            {
              method: "post",
              at: graph.api(`/applications/${objectId}/owners/$ref`),
              body: { "@odata.id": `${graphUrl}/v1.0/directoryObjects/${ownerId}` },
              repeatable: true,
            },
            signal,
          );
        } catch (error) {
          const isOwner =
            isAnswer(error, 400) &&
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
