import type { ApplicationRemoval, ApplicationSearch, LeftDeleted } from "../core/ports.ts";
import { ActionableError, hasCode } from "../domain/errors.ts";
import { lookAgain } from "../domain/look-again.ts";
import {
  applicationFields,
  certificatesOf,
  certifiedApplicationFields,
  largestPage,
  parseApplication,
} from "./directory-objects.ts";
import type { Graph } from "./graph-client.ts";
import { removeEverywhere, twoSeconds, untilGone } from "./lagging-replicas.ts";

const folder = "/directory/deletedItems";

/** Deletes applications, and finds and restores deleted ones. */
export function applicationRemoval(
  graph: Graph,
  { readApplication }: Pick<ApplicationSearch, "readApplication">,
  graphUrl: string,
): ApplicationRemoval {
  /**
   * Permanently deletes an application that is already deleted.
   * @returns undefined if it no longer exists
   */
  async function purge(objectId: string, signal: AbortSignal): Promise<LeftDeleted | undefined> {
    const call = { method: "delete", at: graph.api(`${folder}/${objectId}`) } as const;
    // A replica that does not know of the deletion yet has nothing to delete. If none does, it is gone.
    const failure = await lookAgain(
      () => failureOf(graph.ask("delete the application permanently", call, signal), signal),
      (error) => !isUnknown(error),
      twoSeconds,
      signal,
    );
    if (!failure || isUnknown(failure)) return undefined;
    return { url: `${graphUrl}/v1.0${folder}/${objectId}`, because: failure };
  }

  return {
    async removeApplication(objectId, signal, onDeleted = () => {}) {
      const call = { method: "delete", at: graph.api(`/applications/${objectId}`) } as const;
      const isShown = async () => (await readApplication(objectId, signal)) !== undefined;
      await removeEverywhere(
        {
          name: `The application ${objectId}`,
          remove: async () => {
            await graph.ask("delete the application", call, signal);
          },
          saysNone: isUnknown,
          isShown,
        },
        signal,
      );
      onDeleted();
      // At once: if the run ended before this, nothing would lead acr-pull back to the deleted application.
      const left = await purge(objectId, signal);
      await untilGone(isShown, signal);
      return left;
    },

    async findDeletedApplication(uniqueName, signal) {
      // This list cannot be filtered by unique name.
      const at = graph
        .api(`${folder}/microsoft.graph.application`)
        .select(certifiedApplicationFields)
        .top(largestPage);
      try {
        const deleted = await graph.list("search the deleted applications", at, signal);
        const found = deleted.find((item) => parseApplication(item).uniqueName === uniqueName);
        return found && { ...parseApplication(found), certificates: certificatesOf(found) };
      } catch (error) {
        if (!(error instanceof ActionableError) || signal.aborted) throw error;
        return undefined;
      }
    },

    async restoreApplication(objectId, signal) {
      const at = graph.api(`${folder}/${objectId}/restore`);
      const call = { method: "post", at, repeatable: true } as const;
      const restore = async () => {
        const failure = await failureOf(graph.ask("restore the deleted application", call, signal), signal);
        return isUnknown(failure) && (await readApplication(objectId, signal)) ? undefined : failure;
      };
      // A replica that does not know of the deletion yet has nothing to restore.
      const failure = await lookAgain(restore, (error) => !isUnknown(error), twoSeconds, signal);
      if (failure) throw failure;
    },

    async purgeApplication(objectId, uniqueName, signal) {
      const at = graph.api(`${folder}/${objectId}`).select(applicationFields);
      let isOther = false;
      const look = async () => {
        const found = await graph.ask("read the deleted application", { method: "get", at }, signal);
        isOther = parseApplication(found ?? {}).uniqueName !== uniqueName;
      };
      const failure = await lookAgain(
        () => failureOf(look(), signal),
        (error) => !isUnknown(error),
        twoSeconds,
        signal,
      );
      return isOther || isUnknown(failure) ? undefined : purge(objectId, signal);
    },
  };
}

function isUnknown(error: unknown): error is ActionableError {
  return hasCode(error, "directory.not-found");
}

/**
 * Why a request failed; undefined if it did not.
 * @throws the signal's reason when it aborts; any error that is not an ActionableError
 */
async function failureOf(
  request: Promise<unknown>,
  signal: AbortSignal,
): Promise<ActionableError | undefined> {
  try {
    await request;
    return undefined;
  } catch (error) {
    if (!(error instanceof ActionableError) || signal.aborted) throw error;
    return error;
  }
}
