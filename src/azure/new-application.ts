import { ActionableError } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import type { Application, Certified } from "../domain/identity.ts";
import { isThere, lookAgain, type Looks } from "../domain/look-again.ts";
import { applicationFields, applicationOf, literal } from "./directory-objects.ts";
import type { DirectoryRequests } from "./directory-requests.ts";
import { sleep } from "./removal-everywhere.ts";
import { answerOf } from "./service-failure.ts";

/** What a new application is made of. */
export interface NewApplication {
  readonly uniqueName: string;
  readonly displayName: string;
  readonly tags: readonly string[];
  readonly serviceManagementReference?: string | undefined;
}

/** The application that there is now of a unique name. */
export interface RegisteredApplication {
  readonly application: Application;
  /** Whether it was made just now. */
  readonly created: boolean;
  /** The same application, where it lies among the deleted: it has to be restored. */
  readonly deleted?: Application & Certified;
}

/** How applications are found by their unique name. */
interface Lookups {
  readonly findApplicationByUniqueName: (
    uniqueName: string,
    signal: AbortSignal,
  ) => Promise<Application | undefined>;
  readonly findDeletedApplication: (
    uniqueName: string,
    signal: AbortSignal,
  ) => Promise<(Application & Certified) | undefined>;
}

/** How often an application that was written is looked for where it can be read. */
const untilWrittenShows: Looks = { most: 120, betweenMs: 1000, sleep };
/** Ten seconds: many replicas are met in that time, and one of them knows who holds a name. */
const untilHolderShows: Looks = { most: 20, betweenMs: 500, sleep };

const doing = "register the application";

/** Registering applications. */
export function newApplications(
  { graph, list, undertake }: Pick<DirectoryRequests, "graph" | "list" | "undertake">,
  { findApplicationByUniqueName, findDeletedApplication }: Lookups,
  graphUrl: string,
) {
  /** By the name as a key, and by a filter on it, whose index may know it sooner. */
  async function findHolder(uniqueName: string, signal: AbortSignal): Promise<Application | undefined> {
    const found = await findApplicationByUniqueName(uniqueName, signal);
    if (found) return found;
    const at = graph
      .api("/applications")
      .filter(`uniqueName eq ${literal(uniqueName)}`)
      .select(applicationFields);
    const [first] = await list("look for the application", at, signal);
    return first && applicationOf(first);
  }

  /** The application that holds a name which was refused to another. */
  async function holderOf(
    uniqueName: string,
    refusal: unknown,
    signal: AbortSignal,
  ): Promise<RegisteredApplication> {
    const look = () => findHolder(uniqueName, signal);
    const standing = await lookAgain(look, isThere, untilHolderShows, signal);
    if (standing) return { application: standing, created: false };
    const deleted = await findDeletedApplication(uniqueName, signal);
    if (deleted) return { application: deleted, created: false, deleted };
    throw nameTaken(uniqueName, refusal, graphUrl);
  }

  return {
    /**
     * Upserts by unique name (`Prefer: create-if-missing`): call it only after a 404, for it would change an
     * application that exists. `created: false` when one turned up meanwhile, which may be the work of an earlier try
     * whose answer was lost: then look whose it is.
     * @throws ActionableError `directory.unique-name-taken` when one holds the name that cannot be seen
     */
    async createApplication(
      { uniqueName, displayName, tags, serviceManagementReference }: NewApplication,
      signal: AbortSignal,
    ): Promise<RegisteredApplication> {
      const at = graph.api(`/applications(uniqueName=${literal(uniqueName)})`);
      const call = {
        method: "patch",
        at: at.header("Prefer", "create-if-missing"),
        body: { displayName, tags, signInAudience: "AzureADMyOrg", serviceManagementReference },
        repeatable: true,
      } as const;
      return undertake(doing, signal, async () => {
        try {
          const made = await graph.send(call, signal);
          if (made) return { application: applicationOf(made), created: true };
        } catch (error) {
          // A part that does not know the application says so, as all do of one that is deleted.
          if (isNameTaken(error)) return holderOf(uniqueName, error, signal);
          throw error;
        }
        // Not every part of the directory needs to know it already.
        const look = () => findApplicationByUniqueName(uniqueName, signal);
        const application = await lookAgain(look, isThere, untilWrittenShows, signal);
        if (application) return { application, created: false };
        throw new ActionableError(`Could not ${doing}: it was written but cannot be read yet.`, {
          code: "directory.not-found",
          hint: "Run the same command again in a few minutes: it will be found.",
          retryable: true,
        });
      });
    },
  };
}

/**
 * It has the code of any bad request; only the sentence tells: "Another object with the same value for property
 * uniqueName already exists."
 */
function isNameTaken(error: unknown): boolean {
  const { status, text } = answerOf(error) ?? { status: 0, text: "" };
  return (status === 400 || status === 409) && /\buniqueName\b.*\balready exists\b/i.test(text);
}

function nameTaken(uniqueName: string, cause: unknown, graphUrl: string): ActionableError {
  const deleted = `${graphUrl}/v1.0/directory/deletedItems`;
  return new ActionableError(
    `Could not ${doing}: another one holds the unique name ${uniqueName}, and it cannot be seen.`,
    {
      code: "directory.unique-name-taken",
      hint: `Most likely it was deleted: for 30 days it keeps the name. An Application Administrator finds it among "${deleted}/microsoft.graph.application?$select=id,uniqueName" and frees the name by az rest --method DELETE --url ${deleted}/ID. A caller with Application.Read.All beside its right to change it restores it by this same command. Or use another application: --service-principal.`,
      docs: "https://learn.microsoft.com/graph/api/directory-deleteditems-delete",
      exitCode: exitCode.notAllowed,
      requestId: answerOf(cause)?.requestId,
      status: answerOf(cause)?.status,
    },
    { cause },
  );
}
