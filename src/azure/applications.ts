import { setTimeout as sleep } from "node:timers/promises";
import { ActionableError, hasCode } from "../domain/errors.ts";
import type { Application, Owner } from "../domain/identity.ts";
import { applicationFields, applicationOf, literal, ownerOf } from "./directory-objects.ts";
import type { DirectoryRequests } from "./directory-requests.ts";
import { removeEverywhere, untilGone } from "./removal-everywhere.ts";
import { isAnswer } from "./service-failure.ts";

/** What a new application is made of. */
export interface NewApplication {
  readonly uniqueName: string;
  readonly displayName: string;
  readonly tags: readonly string[];
  readonly serviceManagementReference?: string | undefined;
}

/** How often, a second apart, an application that was written is looked for where it can be read. */
const looksForNew = 120;

/** Ten seconds: many replicas are met in that time. */
const triesForKnown = 20;
const betweenTriesMs = 500;

/** Application registrations and who owns them. */
export function applications({ graph, ask, list, find, undertake }: DirectoryRequests, graphUrl: string) {
  const findByKey = (key: string, signal: AbortSignal) =>
    find("read the application", `/applications${key}?${applicationFields}`, applicationOf, signal);
  const readApplication = (objectId: string, signal: AbortSignal) => findByKey(`/${objectId}`, signal);
  const findApplicationByUniqueName = (uniqueName: string, signal: AbortSignal) =>
    findByKey(`(uniqueName=${literal(uniqueName)})`, signal);
  const listOwners = async (objectId: string, signal: AbortSignal): Promise<readonly Owner[]> => {
    const path = `/applications/${objectId}/owners?$select=id,displayName,userPrincipalName`;
    return (await listOfKnown("list the owners of the application", path, signal)).map(ownerOf);
  };
  const listPrincipalOwners = async (objectId: string, signal: AbortSignal): Promise<readonly Owner[]> => {
    const path = `/servicePrincipals/${objectId}/owners?$select=id,displayName,userPrincipalName`;
    return (await listOfKnown("list the owners of the service principal", path, signal)).map(ownerOf);
  };

  /** A list of an application that has been read: who does not know it is a part of the directory that lags. */
  async function listOfKnown(doing: string, path: string, signal: AbortSignal) {
    for (let tries = 1; ; tries += 1) {
      try {
        return await list(doing, path, signal);
      } catch (error) {
        if (tries === triesForKnown || !hasCode(error, "directory.not-found")) throw error;
        await sleep(betweenTriesMs, undefined, { signal });
      }
    }
  }

  return {
    readApplication,
    findApplicationByUniqueName,
    listOwners,
    listPrincipalOwners,

    /**
     * A deleted application that still holds the unique name. Whoever may not look among the deleted
     * (`Application.ReadWrite.OwnedBy` alone does not allow it) finds none.
     */
    async findDeletedApplication(uniqueName: string, signal: AbortSignal): Promise<Application | undefined> {
      // No filter on the unique name is supported there.
      const path = `/directory/deletedItems/microsoft.graph.application?${applicationFields}&$top=999`;
      try {
        const deleted = await list("look among the deleted applications", path, signal);
        return deleted.map(applicationOf).find((application) => application.uniqueName === uniqueName);
      } catch (error) {
        if (hasCode(error, "directory.forbidden")) return undefined;
        throw error;
      }
    },

    /** Fine when it is restored already. */
    async restoreApplication(objectId: string, signal: AbortSignal): Promise<void> {
      const request = {
        method: "POST",
        path: `/directory/deletedItems/${objectId}/restore`,
        repeatable: true,
      } as const;
      try {
        await ask("restore the deleted application", request, signal);
      } catch (error) {
        const restored =
          hasCode(error, "directory.not-found") && (await readApplication(objectId, signal)) !== undefined;
        if (!restored) throw error;
      }
    },

    /**
     * Deletes it with its service principal; for 30 days it can be restored. Fine when it is gone. Parts of the
     * directory that still show it are waited for, about a minute: who looks for its name next must not find it.
     * @throws ActionableError `directory.application-lingers` when there is none to delete, and yet it is still shown
     */
    async removeApplication(objectId: string, signal: AbortSignal): Promise<void> {
      const isShown = async () => (await readApplication(objectId, signal)) !== undefined;
      const request = { method: "DELETE", path: `/applications/${objectId}` } as const;
      await removeEverywhere(
        {
          remove: async () => {
            await ask("delete the application", request, signal);
            await untilGone(isShown, signal);
          },
          saysNone: (error) => hasCode(error, "directory.not-found"),
          isShown,
          lingers: (cause) => applicationLingers(objectId, cause),
        },
        signal,
      );
    },

    /** Deletes a deleted application for good, so that its unique name is free. Fine when it is gone. */
    async purgeApplication(objectId: string, signal: AbortSignal): Promise<void> {
      const request = { method: "DELETE", path: `/directory/deletedItems/${objectId}` } as const;
      // A part of the directory that has not heard of its deletion does not find it among the deleted.
      for (let tries = 1; tries <= triesForKnown; tries += 1) {
        try {
          await ask("delete the application for good", request, signal);
          return;
        } catch (error) {
          if (!hasCode(error, "directory.not-found")) throw error;
          await sleep(betweenTriesMs, undefined, { signal });
        }
      }
    },

    /**
     * Upserts by unique name (`Prefer: create-if-missing`): call it only after a 404, for it would change an
     * application that exists. `created: false` when one turned up meanwhile, which may be the work of an earlier try
     * whose answer was lost: then look whose it is.
     */
    async createApplication(
      { uniqueName, displayName, tags, serviceManagementReference }: NewApplication,
      signal: AbortSignal,
    ): Promise<{ readonly application: Application; readonly created: boolean }> {
      const doing = "register the application";
      const { body } = await ask(
        doing,
        {
          method: "PATCH",
          path: `/applications(uniqueName=${literal(uniqueName)})`,
          headers: { Prefer: "create-if-missing" },
          body: { displayName, tags, signInAudience: "AzureADMyOrg", serviceManagementReference },
          repeatable: true,
        },
        signal,
      );
      if (body) return { application: applicationOf(body), created: true };
      // Not every part of the directory needs to know it already.
      for (let looks = 0; looks < looksForNew; looks += 1) {
        const application = await findApplicationByUniqueName(uniqueName, signal);
        if (application) return { application, created: false };
        await sleep(1000, undefined, { signal });
      }
      throw new ActionableError(`Could not ${doing}: it was written but cannot be read yet.`, {
        code: "directory.not-found",
        hint: "Run the same command again in a few minutes: it will be found.",
        retryable: true,
      });
    },

    /** Fine when it is an owner already. */
    async addOwner(objectId: string, ownerId: string, signal: AbortSignal): Promise<void> {
      await undertake(`make ${ownerId} an owner of the application`, signal, async () => {
        try {
          await graph.send(
            {
              method: "POST",
              path: `/applications/${objectId}/owners/$ref`,
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
      const path = `/applications/${objectId}/federatedIdentityCredentials?$select=id`;
      return (await listOfKnown("list the federated credentials of the application", path, signal)).length;
    },
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
