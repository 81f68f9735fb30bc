import type { Passwords } from "../core/ports.ts";
import { ActionableError, OutcomeUnknownError } from "../domain/errors.ts";
import type { NewPassword } from "../domain/identity.ts";
import { Once } from "../domain/once.ts";
import { unknownPasswordPolicy } from "../domain/password-policy.ts";
import { SecretText } from "../domain/secret-text.ts";
import { untilAborted } from "../domain/until-aborted.ts";
import { azureError } from "./azure-errors.ts";
import { applicationFields, parseApplication, dateOf } from "./directory-objects.ts";
import { mayHaveBeenDone, type DirectoryRequests } from "./directory-requests.ts";
import { text } from "./json-fields.ts";
import { readPasswordPolicy } from "./password-policy.ts";
import { lingers, removeEverywhere } from "./removal-everywhere.ts";
import { isAnswer } from "./service-failure.ts";

/** Adds and removes passwords of applications one at a time: writing the whole list would overwrite those of others. */
export function applicationPasswords({ graph, ask, list, find, perform }: DirectoryRequests): Passwords {
  const policies = new Once();
  const tenantPolicy = (signal: AbortSignal) =>
    policies.do("tenant", null, () =>
      unlessRefused(async (within) => {
        const call = { method: "get", at: graph.api("/policies/defaultAppManagementPolicy") } as const;
        return (await ask("read the tenant's policy on passwords", call, within)) ?? {};
      }, signal),
    );
  const ownPolicies = (objectId: string, signal: AbortSignal) =>
    policies.do("application", objectId, () =>
      unlessRefused(
        (within) =>
          list(
            "read the application's policies",
            graph.api(`/applications/${objectId}/appManagementPolicies`),
            within,
          ),
        signal,
      ),
    );

  return {
    async passwordPolicy(application, signal) {
      const tenant = await tenantPolicy(signal);
      // A caller that may not read this policy may not read the others either.
      if (!tenant) return unknownPasswordPolicy;
      const own = application ? await ownPolicies(application.objectId, signal) : [];
      return readPasswordPolicy({ tenant, own, createdAt: application?.createdAt });
    },

    async addPassword(objectId, password, signal) {
      const doing = "add a password to the application";
      return perform(doing, signal, async () => {
        try {
          const added = await graph.send(
            {
              method: "post",
              at: graph.api(`/applications/${objectId}/addPassword`),
              body: {
                passwordCredential: {
                  displayName: password.displayName,
                  endDateTime: password.endDateTime.toISOString(),
                },
              },
            },
            signal,
          );
          return newPasswordOf(added ?? {}, password.endDateTime) ?? unknownOutcome(doing, undefined);
        } catch (error) {
          return mayHaveBeenDone(error) ? unknownOutcome(doing, error) : Promise.reject(error);
        }
      });
    },

    async removePassword(objectId, keyId, signal) {
      await perform("remove a password of the application", signal, async () => {
        const call = {
          method: "post",
          at: graph.api(`/applications/${objectId}/removePassword`),
          body: { keyId },
          repeatable: true,
        } as const;
        const shown = () => graph.api(`/applications/${objectId}`).select(applicationFields);
        await removeEverywhere(
          {
            remove: async () => {
              await graph.send(call, signal);
            },
            saysNone: (error) => isAnswer(error, 400) || isAnswer(error, 404),
            isShown: async () => {
              const application = await find("read the application", shown(), parseApplication, signal);
              return application?.passwords.some((password) => password.keyId === keyId) === true;
            },
            lingers: (cause) =>
              lingers(
                "directory.key-lingers",
                `The directory says that there is no key ${keyId} to remove, but parts of it still list it.`,
                cause,
              ),
          },
          signal,
        );
      });
    },
  };
}

/** How long to wait for an answer that acr-pull can do without. */
const optionalPatienceMs = 15_000;

/** What `read` returns; undefined if it is refused or takes too long. */
async function unlessRefused<T>(
  read: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(optionalPatienceMs)]);
  try {
    return await untilAborted(read(within), within);
  } catch (error) {
    signal.throwIfAborted();
    if (within.aborted || error instanceof ActionableError) return undefined;
    throw error;
  }
}

function newPasswordOf(body: Readonly<Record<string, unknown>>, asked: Date): NewPassword | undefined {
  const keyId = text(body["keyId"]);
  const secret = text(body["secretText"]);
  if (keyId === undefined || secret === undefined) return undefined;
  return { keyId, secret: new SecretText(secret), endDateTime: dateOf(body["endDateTime"]) ?? asked };
}

function unknownOutcome(doing: string, error: unknown): never {
  const known = error === undefined ? undefined : azureError(error, { doing, area: "directory" });
  const { requestId, status } =
    known instanceof ActionableError ? known : { requestId: undefined, status: undefined };
  throw new OutcomeUnknownError(
    `Could not find out whether a password was added to the application: ${error instanceof Error ? error.message : "the answer contains no password"}`,
    {
      code: "directory.outcome-unknown",
      hint: "Run the same command again: it finds out and cleans up.",
      retryable: true,
      requestId,
      status,
    },
    { cause: error },
  );
}
