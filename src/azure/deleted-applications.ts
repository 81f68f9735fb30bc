import { hasCode, type ActionableError } from "../domain/errors.ts";
import type { Application, Certified } from "../domain/identity.ts";
import { lookAgain, type Looks } from "../domain/look-again.ts";
import {
  applicationFields,
  applicationOf,
  certifiedApplicationFields,
  certificatesOf,
  largestPage,
} from "./directory-objects.ts";
import type { DirectoryRequests } from "./directory-requests.ts";
import { sleep } from "./removal-everywhere.ts";
import { unlessItFails } from "./unless-it-fails.ts";

/** Why something that was deleted was not deleted for good, and where it lies. */
export interface LeftDeleted {
  readonly url: string;
  readonly because: ActionableError;
}

/** Two seconds. A deletion was seen to be followed by one for good after one second. */
const untilDeletedShows: Looks = { most: 8, betweenMs: 250, sleep };

const folder = "/directory/deletedItems";

function isUnknown(error: ActionableError | undefined): boolean {
  return hasCode(error, "directory.not-found");
}

/** Applications that were deleted: for 30 days they keep their unique name, and can be restored. */
export function deletedApplications(
  { graph, ask, list }: Pick<DirectoryRequests, "graph" | "ask" | "list">,
  readApplication: (objectId: string, signal: AbortSignal) => Promise<Application | undefined>,
  graphUrl: string,
) {
  /** @returns why not */
  async function tryToPurge(objectId: string, signal: AbortSignal): Promise<ActionableError | undefined> {
    const call = { method: "delete", at: graph.api(`${folder}/${objectId}`) } as const;
    const failed = await unlessItFails(ask("delete the application for good", call, signal), signal);
    return "error" in failed ? failed.error : undefined;
  }

  /**
   * Deletes for good what was deleted, and what no part of the directory is likely to show among the living any more.
   * @returns undefined when it is gone for good
   */
  async function purge(objectId: string, signal: AbortSignal): Promise<LeftDeleted | undefined> {
    const failed = await lookAgain(
      () => tryToPurge(objectId, signal),
      (error) => !isUnknown(error),
      untilDeletedShows,
      signal,
    );
    // None to the end: it was done, and its answer was lost.
    if (!failed || isUnknown(failed)) return undefined;
    return { url: `${graphUrl}/v1.0${folder}/${objectId}`, because: failed };
  }

  return {
    /**
     * A deleted application that still holds the unique name. Whoever may not look among the deleted
     * (`Application.ReadWrite.OwnedBy` alone does not allow it), or cannot for any other reason, finds none.
     */
    async findDeletedApplication(
      uniqueName: string,
      signal: AbortSignal,
    ): Promise<(Application & Certified) | undefined> {
      // No filter on the unique name is supported there.
      const at = graph
        .api(`${folder}/microsoft.graph.application`)
        .select(certifiedApplicationFields)
        .top(largestPage);
      const deleted = await unlessItFails(list("look among the deleted applications", at, signal), signal);
      if ("error" in deleted) return undefined;
      const found = deleted.read.find((item) => applicationOf(item).uniqueName === uniqueName);
      return found && { ...applicationOf(found), certificates: certificatesOf(found) };
    },

    /** Fine when it is restored already. */
    async restoreApplication(objectId: string, signal: AbortSignal): Promise<void> {
      const at = graph.api(`${folder}/${objectId}/restore`);
      const call = { method: "post", at, repeatable: true } as const;
      const restore = async () => {
        try {
          await ask("restore the deleted application", call, signal);
          return undefined;
        } catch (error) {
          if (!hasCode(error, "directory.not-found")) throw error;
          return (await readApplication(objectId, signal)) ? undefined : error;
        }
      };
      // A part that has not heard of the deletion has nothing to restore.
      const failed = await lookAgain(restore, (error) => error === undefined, untilDeletedShows, signal);
      if (failed) throw failed;
    },

    tryToPurge,
    purge,

    /**
     * The same of one that bears the unique name. Who may not look among the deleted (see findDeletedApplication) may
     * delete for good only what it owns, and so tries it unseen: nothing that is not deleted goes by it.
     */
    async purgeApplication(
      objectId: string,
      uniqueName: string,
      signal: AbortSignal,
    ): Promise<LeftDeleted | undefined> {
      const at = graph.api(`${folder}/${objectId}`).select(applicationFields);
      const look = () =>
        unlessItFails(ask("look at the deleted application", { method: "get", at }, signal), signal);
      const seen = await lookAgain(
        look,
        (one) => "read" in one || !isUnknown(one.error),
        untilDeletedShows,
        signal,
      );
      const isLeft =
        "read" in seen ? applicationOf(seen.read ?? {}).uniqueName === uniqueName : !isUnknown(seen.error);
      return isLeft ? purge(objectId, signal) : undefined;
    },
  };
}
