import type { GraphRequest } from "@microsoft/microsoft-graph-client";
import { ActionableError, hasCode } from "../domain/errors.ts";
import type { Owner } from "../domain/identity.ts";
import { lookAgain, type Looks } from "../domain/look-again.ts";
import { deletedApplications, type LeftDeleted } from "./deleted-applications.ts";
import {
  applicationFields,
  applicationOf,
  certificateFields,
  certificatesOf,
  literal,
  ownerFields,
  ownerOf,
} from "./directory-objects.ts";
import type { DirectoryRequests } from "./directory-requests.ts";
import { newApplications } from "./new-application.ts";
import { removeEverywhere, sleep, untilGone } from "./removal-everywhere.ts";
import { isAnswer } from "./service-failure.ts";

/** Ten seconds: many replicas are met in that time. */
const untilKnown: Looks = { most: 20, betweenMs: 500, sleep };

/** Application registrations and who owns them. */
export function applications(requests: DirectoryRequests, graphUrl: string) {
  const { graph, ask, list, find, undertake } = requests;
  const findByKey = (key: string, signal: AbortSignal) =>
    find(
      "read the application",
      graph.api(`/applications${key}`).select(applicationFields),
      applicationOf,
      signal,
    );
  const readApplication = (objectId: string, signal: AbortSignal) => findByKey(`/${objectId}`, signal);
  const findApplicationByUniqueName = (uniqueName: string, signal: AbortSignal) =>
    findByKey(`(uniqueName=${literal(uniqueName)})`, signal);
  const listOwners = async (objectId: string, signal: AbortSignal): Promise<readonly Owner[]> => {
    const at = graph.api(`/applications/${objectId}/owners`).select(ownerFields);
    return (await listOfKnown("list the owners of the application", at, signal)).map(ownerOf);
  };
  const listPrincipalOwners = async (objectId: string, signal: AbortSignal): Promise<readonly Owner[]> => {
    const at = graph.api(`/servicePrincipals/${objectId}/owners`).select(ownerFields);
    return (await listOfKnown("list the owners of the service principal", at, signal)).map(ownerOf);
  };

  /** A part of what has been read: who does not know it is a part of the directory that lags. */
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
  const countCertificatesOf = (what: string, path: string, signal: AbortSignal) =>
    partOfKnown(async () => {
      const call = { method: "get", at: graph.api(path).select(certificateFields) } as const;
      return certificatesOf((await ask(`read the certificates of the ${what}`, call, signal)) ?? {});
    }, signal);

  const { purge, tryToPurge, ...deleted } = deletedApplications(requests, readApplication, graphUrl);

  return {
    ...deleted,
    ...newApplications(requests, { findApplicationByUniqueName, ...deleted }, graphUrl),
    readApplication,
    findApplicationByUniqueName,
    listOwners,
    listPrincipalOwners,

    /**
     * Deletes it with its service principal, and then for good, for else it keeps its unique name for 30 days. Fine
     * when it is gone. Parts of the directory that still show it are waited for, about a minute: who looks for its name
     * next must not find it.
     * @param onDeleted told when it is no more among the living, before it is deleted for good
     * @returns what keeps it among the deleted; undefined when it is gone for good
     * @throws ActionableError `directory.application-lingers` when there is none to delete, and yet it is still shown
     */
    async removeApplication(
      objectId: string,
      signal: AbortSignal,
      onDeleted: () => void = () => {},
    ): Promise<LeftDeleted | undefined> {
      const isShown = async () => (await readApplication(objectId, signal)) !== undefined;
      const call = { method: "delete", at: graph.api(`/applications/${objectId}`) } as const;
      let isPurged = false;
      await removeEverywhere(
        {
          remove: async () => {
            await ask("delete the application", call, signal);
            onDeleted();
            // At once, for nothing leads to it any more should this run end here.
            isPurged = (await tryToPurge(objectId, signal)) === undefined;
            await untilGone(isShown, signal);
          },
          saysNone: (error) => hasCode(error, "directory.not-found"),
          isShown,
          lingers: (cause) => applicationLingers(objectId, cause),
        },
        signal,
      );
      return isPurged ? undefined : purge(objectId, signal);
    },

    /** Fine when it is an owner already. */
    async addOwner(objectId: string, ownerId: string, signal: AbortSignal): Promise<void> {
      await undertake(`make ${ownerId} an owner of the application`, signal, async () => {
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

    /** How many federated credentials sign in as the application. */
    async countFederatedCredentials(objectId: string, signal: AbortSignal): Promise<number> {
      const at = graph.api(`/applications/${objectId}/federatedIdentityCredentials`).select("id");
      return (await listOfKnown("list the federated credentials of the application", at, signal)).length;
    },

    /** How many certificates sign in as the application. */
    countCertificates: (objectId: string, signal: AbortSignal) =>
      countCertificatesOf("application", `/applications/${objectId}`, signal),
    /** How many certificates sign in as the service principal. */
    countPrincipalCertificates: (objectId: string, signal: AbortSignal) =>
      countCertificatesOf("service principal", `/servicePrincipals/${objectId}`, signal),
  };
}

/** As after a deletion that not every part of the directory has heard of. */
function applicationLingers(objectId: string, cause: unknown): ActionableError {
  return new ActionableError(
    `The directory says that there is no application ${objectId} to delete, and parts of it still show it.`,
    {
      code: "directory.application-lingers",
      hint: "Parts of the directory lag: run the same command again in some minutes.",
      retryable: true,
    },
    { cause },
  );
}
