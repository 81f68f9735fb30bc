import { ActionableError, hasCode, OutcomeUnknownError } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import type { Application, NewPassword } from "../../domain/identity.ts";
import type { PasswordPolicy } from "../../domain/password-policy.ts";
import { keyDisplayName, keyOrigin } from "../../domain/ownership.ts";
import { dayText } from "../../domain/time-text.ts";
import type { Directory } from "../ports.ts";
import { waitTelling } from "../patience.ts";
import { nameOf } from "./directory-names.ts";
import { lifeRefused, policyDocs } from "./key-life.ts";
import type { DirectoryTools } from "./directory-tools.ts";

const triesAfterLostAnswers = 3;
/** A policy counts a life by the directory's clock, which may be behind the one that the end is counted by. */
const clockSkewMs = 5 * 60_000;

/** What a key is made with. */
export interface KeyWish {
  readonly application: Application;
  readonly clusterId: string;
  /** How long it may live, in milliseconds: it gets the first that the directory allows. See `livesToTry`. */
  readonly livesMs: readonly number[];
  /** Server time. */
  readonly now: Date;
  readonly mark: KeyMark;
}

/** The mark under which a key is made: it names the key before there is one. */
export interface KeyMark {
  readonly operation: string;
  /** Names another key, and keeps the present one among those to be removed. */
  nextOperation(signal: AbortSignal): Promise<void>;
}

/**
 * Adds one key with the mark's operation id in its display name. When an answer is lost the key may exist although
 * its text is known to nobody: the operation goes among those to sweep and another key is made.
 * @throws ActionableError `directory.password-lifetime` when the directory allows none of the lives
 */
export async function makeKey(
  wish: KeyWish,
  tools: DirectoryTools,
  signal: AbortSignal,
): Promise<NewPassword> {
  const { application, clusterId, mark, now } = wish;
  const { directory, report } = tools;
  const lives = [...wish.livesMs];
  for (let tries = 1; ;) {
    const [lifeMs = 0, nextMs] = lives;
    const endDateTime = new Date(now.getTime() + lifeMs - Math.min(clockSkewMs, lifeMs / 100));
    const displayName = keyDisplayName(clusterId, mark.operation);
    try {
      const made = await waitTelling(
        () => addUnlessUnknown(directory, application.objectId, { displayName, endDateTime }, signal),
        { id: "key", what: "Entra to recognize the new application" },
        tools,
        signal,
      );
      if (made) return made;
      throw new ActionableError(
        `The directory did not recognize the application ${application.appId} in time.`,
        {
          code: "directory.application-unknown",
          hint: "Run the same command again later to continue.",
          retryable: true,
        },
      );
    } catch (error) {
      if (hasCode(error, "directory.password-lifetime")) {
        if (nextMs === undefined) {
          const { longestLifeMs } = await directory.passwordPolicy(application, signal);
          const { code, exitCode, requestId, status } = error;
          throw lifeRefused(lifeMs, longestLifeMs, { code, exitCode, requestId, status }, error);
        }
        lives.shift();
        continue;
      }
      if (!(error instanceof OutcomeUnknownError) || tries >= triesAfterLostAnswers) throw error;
      report({
        kind: "note",
        level: "info",
        text: "The answer with the new password was lost: acr-pull removes that key and makes another",
      });
      tries += 1;
      await mark.nextOperation(signal);
    }
  }
}

async function addUnlessUnknown(
  directory: Directory,
  objectId: string,
  password: { displayName: string; endDateTime: Date },
  signal: AbortSignal,
): Promise<NewPassword | undefined> {
  try {
    return await directory.addPassword(objectId, password, signal);
  } catch (error) {
    // A fresh application is not known everywhere; a refusal with 404 made nothing.
    if (hasCode(error, "directory.not-found")) return undefined;
    throw error;
  }
}

/**
 * Refuses before any write what the tenant's policies forbid for certain. Where they may not be read, or do not say
 * whom they leave alone, the first password decides.
 * @param application undefined: one that is still to be made
 * @throws ActionableError `directory.passwords-forbidden`, `directory.password-lifetime`
 */
export async function checkPasswordPolicy(
  application: Application | undefined,
  asked: number | "max" | undefined,
  directory: Directory,
  signal: AbortSignal,
): Promise<PasswordPolicy> {
  const policy = await directory.passwordPolicy(application, signal);
  if (policy.passwords === "forbidden") throw passwordsForbidden(application, policy);
  const { longestLifeMs, isLimitCertain } = policy;
  if (typeof asked !== "number" || !isLimitCertain || longestLifeMs === undefined || asked <= longestLifeMs)
    return policy;
  throw lifeRefused(asked, longestLifeMs, {
    code: "directory.password-lifetime",
    exitCode: exitCode.notAllowed,
  });
}

/** Whether the directory refused a write, so that nothing came of it: for want of a right, or by a rule of the tenant's. */
export function isRefusedByDirectory(error: unknown): error is ActionableError {
  return (
    error instanceof ActionableError &&
    error.code.startsWith("directory.") &&
    (error.exitCode === exitCode.notAllowed || error.exitCode === exitCode.usage)
  );
}

/** What an administrator sends to Microsoft Graph for an exemption. */
const exemption = JSON.stringify({
  displayName: "acr-pull",
  isEnabled: true,
  restrictions: { passwordCredentials: [{ restrictionType: "passwordAddition", state: "disabled" }] },
});

/**
 * The refusal of a tenant that allows no passwords, with the way round it.
 * @param application undefined: there is none that an exemption could be for
 * @param refusal the service's own, where it was asked
 */
export function passwordsForbidden(
  application: Application | undefined,
  { forbiddenToMadeAfter: after }: Pick<PasswordPolicy, "forbiddenToMadeAfter">,
  refusal?: ActionableError,
): ActionableError {
  const objectId = application?.objectId ?? "OBJECT_ID";
  const which = application
    ? `an exemption of the application ${nameOf(application)}`
    : "an application that you own, with an exemption";
  const then = application
    ? "Then run the same command again."
    : "Then name that application: --service-principal APP_ID.";
  return new ActionableError(
    `The tenant's policy allows no passwords on applications${after ? ` made after ${dayText(after)}` : ""}.`,
    {
      code: "directory.passwords-forbidden",
      exitCode: exitCode.notAllowed,
      hint: [
        `Ask a tenant administrator for ${which}. In Microsoft Graph that is`,
        `  POST /policies/appManagementPolicies ${exemption}`,
        `  and, with the id in its answer, POST /applications/${objectId}/appManagementPolicies/$ref {"@odata.id":"https://graph.microsoft.com/v1.0/policies/appManagementPolicies/ID"}`,
        `  ${then}`,
      ].join("\n"),
      docs: policyDocs,
      requestId: refusal?.requestId,
      status: refusal?.status,
    },
    { cause: refusal },
  );
}

/**
 * Removes the keys that these operations left behind, and none that a secret holds. A directory replica that shows
 * a newer key of ours knows the older ones too, so the list is believed once it shows `newest`.
 * @returns ids of the keys that were removed, and of those that stay because a secret holds them
 */
export async function sweepKeys(
  application: Application,
  wish: {
    clusterId: string;
    operations: readonly string[];
    newest: string | undefined;
    held: ReadonlySet<string>;
    /** Told of each key as it is removed: what fails on the way is thrown. */
    onRemoved?: (keyId: string) => void;
  },
  tools: DirectoryTools,
  signal: AbortSignal,
): Promise<{ removed: string[]; held: string[] }> {
  const { directory, report } = tools;
  const listed = await waitTelling(
    async () => {
      const current = await directory.readApplication(application.objectId, signal);
      const shows = wish.newest === undefined || current?.passwords.some((key) => key.keyId === wish.newest);
      return current && shows ? current : undefined;
    },
    { id: "sweep", what: "Entra to list the new key" },
    tools,
    signal,
  );
  report({ kind: "ended", id: "sweep" });
  if (!listed) {
    throw new ActionableError(
      `The directory did not list the new key of the application ${application.appId} in time.`,
      {
        code: "directory.key-unlisted",
        hint: "The secrets are in order. Run the same command again later to remove what an earlier run left.",
        retryable: true,
      },
    );
  }
  const made = listed.passwords
    .filter((key) => {
      const origin = keyOrigin(key);
      return origin?.clusterId === wish.clusterId && wish.operations.includes(origin.operation);
    })
    .map(({ keyId }) => keyId);
  const removed = made.filter((keyId) => !wish.held.has(keyId));
  for (const keyId of removed) {
    await directory.removePassword(application.objectId, keyId, signal);
    wish.onRemoved?.(keyId);
  }
  return { removed, held: made.filter((keyId) => wish.held.has(keyId)) };
}
