import type {
  ApplicationRegistration,
  ApplicationRemoval,
  ApplicationSearch,
  RegisteredApplication,
} from "../core/ports.ts";
import { ActionableError } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import type { Application } from "../domain/identity.ts";
import { isThere, lookAgain, type Looks } from "../domain/look-again.ts";
import { applicationFields, parseApplication, literal } from "./directory-objects.ts";
import type { DirectoryRequests } from "./directory-requests.ts";
import { sleep } from "./removal-everywhere.ts";
import { answerOf } from "./service-failure.ts";

/** Ten seconds: enough to reach a replica that knows which application holds a name. */
const untilHolderShows: Looks = { most: 20, betweenMs: 500, sleep };

const doing = "register the application";

/** Registers applications. */
export function applicationRegistration(
  { graph, list, perform }: Pick<DirectoryRequests, "graph" | "list" | "perform">,
  {
    findApplicationByUniqueName,
    findDeletedApplication,
  }: Pick<ApplicationSearch & ApplicationRemoval, "findApplicationByUniqueName" | "findDeletedApplication">,
  graphUrl: string,
): ApplicationRegistration {
  /** Looks the name up as a key, then with a filter, whose index may know the name sooner. */
  async function findHolder(uniqueName: string, signal: AbortSignal): Promise<Application | undefined> {
    const found = await findApplicationByUniqueName(uniqueName, signal);
    if (found) return found;
    const at = graph
      .api("/applications")
      .filter(`uniqueName eq ${literal(uniqueName)}`)
      .select(applicationFields);
    const [first] = await list("look for the application", at, signal);
    return first && parseApplication(first);
  }

  /** The application that already holds a name, after the directory refused to give the name to a new one. */
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
    /*
     * The caller owns what it makes with POST: https://learn.microsoft.com/graph/api/application-post-applications
     * With an upsert by unique name, a caller with `Application.ReadWrite.OwnedBy` did not:
     * https://github.com/Azure/bicep/issues/14868
     */
    createApplication: ({ uniqueName, displayName, tags, serviceManagementReference }, signal) =>
      perform(doing, signal, async () => {
        try {
          const made = await graph.send(
            {
              method: "post",
              at: graph.api("/applications"),
              body: {
                uniqueName,
                displayName,
                tags,
                signInAudience: "AzureADMyOrg",
                serviceManagementReference,
              },
              // One application has the name, so a repeat after a lost answer is refused.
              repeatable: true,
            },
            signal,
          );
          if (made) return { application: parseApplication(made), created: true };
        } catch (error) {
          if (isNameTaken(error)) return holderOf(uniqueName, error, signal);
          throw error;
        }
        return holderOf(uniqueName, undefined, signal);
      }),
  };
}

/**
 * The code is the same as for any bad request. Only the message says it: "Another object with the same value for
 * property uniqueName already exists."
 */
function isNameTaken(error: unknown): boolean {
  const { status, text } = answerOf(error) ?? { status: 0, text: "" };
  return (status === 400 || status === 409) && /\buniqueName\b.*\balready exists\b/i.test(text);
}

function nameTaken(uniqueName: string, cause: unknown, graphUrl: string): ActionableError {
  const deleted = `${graphUrl}/v1.0/directory/deletedItems`;
  return new ActionableError(
    `Could not ${doing}: an application that you cannot see holds the unique name ${uniqueName}.`,
    {
      code: "directory.unique-name-taken",
      hint: `It was probably deleted: a deleted application keeps its name for 30 days. An Application Administrator finds it in "${deleted}/microsoft.graph.application?$select=id,uniqueName" and frees the name with az rest --method DELETE --url ${deleted}/ID. A caller who also has Application.Read.All restores it with this same command. Or use another application: --service-principal.`,
      docs: "https://learn.microsoft.com/graph/api/directory-deleteditems-delete",
      exitCode: exitCode.notAllowed,
      requestId: answerOf(cause)?.requestId,
      status: answerOf(cause)?.status,
    },
    { cause },
  );
}
