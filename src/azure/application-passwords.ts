import { ActionableError, OutcomeUnknownError } from "../domain/errors.ts";
import type { Application, NewPassword } from "../domain/identity.ts";
import { Once } from "../domain/once.ts";
import { unknownPasswordPolicy, type PasswordPolicy } from "../domain/password-policy.ts";
import { SecretText } from "../domain/secret-text.ts";
import { untilAborted } from "../domain/until-aborted.ts";
import { azureError } from "./azure-errors.ts";
import { applicationFields, applicationOf, dateOf } from "./directory-objects.ts";
import { mayHaveBeenDone, type DirectoryRequests } from "./directory-requests.ts";
import { text } from "./json-fields.ts";
import { readPasswordPolicy } from "./password-policy.ts";
import { removeEverywhere } from "./removal-everywhere.ts";
import { isAnswer } from "./service-failure.ts";

/** Passwords of applications, one at a time: never the whole list, which would take those of others along. */
export function applicationPasswords({ graph, ask, list, find, undertake }: DirectoryRequests) {
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
    /**
     * What the tenant's policies say of new passwords of an application, or of one that is still to be made. Hardly
     * anybody may read them, and nobody needs to: whatever is answered but what was asked for is `unknown`. Each is
     * asked for once.
     */
    async passwordPolicy(
      application: Pick<Application, "objectId" | "createdAt"> | undefined,
      signal: AbortSignal,
    ): Promise<PasswordPolicy> {
      const tenant = await tenantPolicy(signal);
      // Who may not read the one may not read the others either.
      if (!tenant) return unknownPasswordPolicy;
      const own = application ? await ownPolicies(application.objectId, signal) : [];
      return readPasswordPolicy({ tenant, own, createdAt: application?.createdAt });
    },

    /**
     * Sends one request, ever (refusals that did nothing apart).
     * @throws OutcomeUnknownError when the answer was lost: the key may exist
     */
    async addPassword(
      objectId: string,
      password: { readonly displayName: string; readonly endDateTime: Date },
      signal: AbortSignal,
    ): Promise<NewPassword> {
      const doing = "add a password to the application";
      return undertake(doing, signal, async () => {
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

    /**
     * Fine when it is gone.
     * @throws ActionableError `directory.key-lingers` when there is none to remove, and yet it goes on being listed
     */
    async removePassword(objectId: string, keyId: string, signal: AbortSignal): Promise<void> {
      await undertake("remove a password of the application", signal, async () => {
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
              const application = await find("read the application", shown(), applicationOf, signal);
              return application?.passwords.some((password) => password.keyId === keyId) === true;
            },
            lingers: (cause) => keyLingers(keyId, cause),
          },
          signal,
        );
      });
    },
  };
}

/** How long an answer is waited for that nobody needs. */
const optionalPatienceMs = 15_000;

/** What was read; undefined where that was refused, or took too long. */
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

/** As after a removal that not every part of the directory has heard of. */
function keyLingers(keyId: string, cause: unknown): ActionableError {
  return new ActionableError(
    `The directory says that there is no key ${keyId} to remove, and parts of it still list it.`,
    {
      code: "directory.key-lingers",
      hint: "Parts of the directory lag: run the same command again in some minutes.",
      retryable: true,
    },
    { cause },
  );
}

function unknownOutcome(doing: string, error: unknown): never {
  const known = error === undefined ? undefined : azureError(error, { doing, area: "directory" });
  const { requestId, status } =
    known instanceof ActionableError ? known : { requestId: undefined, status: undefined };
  throw new OutcomeUnknownError(
    `Could not learn whether a password was added to the application: ${error instanceof Error ? error.message : "the answer holds none"}`,
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
