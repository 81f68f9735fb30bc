import type { ApplicationRemoval, ApplicationSearch, LeftDeleted } from "../core/ports.ts";
import { ActionableError, hasCode } from "../domain/errors.ts";
import { lookAgain, type Looks } from "../domain/look-again.ts";
import {
  applicationFields,
  parseApplication,
  certifiedApplicationFields,
  certificatesOf,
  largestPage,
} from "./directory-objects.ts";
import type { DirectoryRequests } from "./directory-requests.ts";
import { lingers, removeEverywhere, sleep, untilGone } from "./removal-everywhere.ts";

/** Two seconds. A permanent deletion was seen to succeed one second after the deletion. */
const untilDeletedShows: Looks = { most: 8, betweenMs: 250, sleep };

const folder = "/directory/deletedItems";

/** Deletes applications, and finds and restores deleted ones. */
export function applicationRemoval(
  { graph, ask, list }: Pick<DirectoryRequests, "graph" | "ask" | "list">,
  { readApplication }: Pick<ApplicationSearch, "readApplication">,
  graphUrl: string,
): ApplicationRemoval {
  /** @returns why it could not be deleted permanently; undefined if it was */
  async function tryToPurge(objectId: string, signal: AbortSignal): Promise<ActionableError | undefined> {
    const call = { method: "delete", at: graph.api(`${folder}/${objectId}`) } as const;
    const failed = await unlessItFails(ask("delete the application permanently", call, signal), signal);
    return "error" in failed ? failed.error : undefined;
  }

  /**
   * Permanently deletes an application that is already deleted.
   * @returns undefined if it no longer exists
   */
  async function purge(objectId: string, signal: AbortSignal): Promise<LeftDeleted | undefined> {
    const failed = await lookAgain(
      () => tryToPurge(objectId, signal),
      (error) => !isUnknown(error),
      untilDeletedShows,
      signal,
    );
    // If no replica knows it, an earlier try deleted it, and the answer was lost.
    if (!failed || isUnknown(failed)) return undefined;
    return { url: `${graphUrl}/v1.0${folder}/${objectId}`, because: failed };
  }

  return {
    async removeApplication(objectId, signal, onDeleted = () => {}) {
      const isShown = async () => (await readApplication(objectId, signal)) !== undefined;
      const call = { method: "delete", at: graph.api(`/applications/${objectId}`) } as const;
      let isPurged = false;
      await removeEverywhere(
        {
          remove: async () => {
            await ask("delete the application", call, signal);
            onDeleted();
            // Right away: if the run ended before this, nothing would lead acr-pull back to the deleted application.
            isPurged = (await tryToPurge(objectId, signal)) === undefined;
            await untilGone(isShown, signal);
          },
          saysNone: isUnknown,
          isShown,
          lingers: (cause) =>
            lingers(
              "directory.application-lingers",
              `The directory says that there is no application ${objectId} to delete, but parts of it still show it.`,
              cause,
            ),
        },
        signal,
      );
      return isPurged ? undefined : purge(objectId, signal);
    },

    async findDeletedApplication(uniqueName, signal) {
      // This list cannot be filtered by unique name.
      const at = graph
        .api(`${folder}/microsoft.graph.application`)
        .select(certifiedApplicationFields)
        .top(largestPage);
      const deleted = await unlessItFails(list("search the deleted applications", at, signal), signal);
      if ("error" in deleted) return undefined;
      const found = deleted.read.find((item) => parseApplication(item).uniqueName === uniqueName);
      return found && { ...parseApplication(found), certificates: certificatesOf(found) };
    },

    async restoreApplication(objectId, signal) {
      const at = graph.api(`${folder}/${objectId}/restore`);
      const call = { method: "post", at, repeatable: true } as const;
      const restore = async () => {
        try {
          await ask("restore the deleted application", call, signal);
          return undefined;
        } catch (error) {
          if (!isUnknown(error)) throw error;
          return (await readApplication(objectId, signal)) ? undefined : error;
        }
      };
      // A replica that does not know of the deletion yet has nothing to restore.
      const failed = await lookAgain(restore, (error) => error === undefined, untilDeletedShows, signal);
      if (failed) throw failed;
    },

    async purgeApplication(objectId, uniqueName, signal) {
      const at = graph.api(`${folder}/${objectId}`).select(applicationFields);
      const look = () =>
        unlessItFails(ask("read the deleted application", { method: "get", at }, signal), signal);
      const seen = await lookAgain(
        look,
        (one) => "read" in one || !isUnknown(one.error),
        untilDeletedShows,
        signal,
      );
      const isLeft =
        "read" in seen ? parseApplication(seen.read ?? {}).uniqueName === uniqueName : !isUnknown(seen.error);
      return isLeft ? purge(objectId, signal) : undefined;
    },
  };
}

function isUnknown(error: unknown): error is ActionableError {
  return hasCode(error, "directory.not-found");
}

/**
 * Runs a request whose failure is an answer too.
 * @throws the signal's reason when it aborts; any error that is not an ActionableError
 */
async function unlessItFails<T>(
  request: Promise<T>,
  signal: AbortSignal,
): Promise<{ readonly read: T } | { readonly error: ActionableError }> {
  try {
    return { read: await request };
  } catch (error) {
    if (!(error instanceof ActionableError) || signal.aborted) throw error;
    return { error };
  }
}
