import { ActionableError, hasCode, OutcomeUnknownError } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import type { Application, NewPassword } from "../../domain/identity.ts";
import type { PasswordPolicy } from "../../domain/password-policy.ts";
import { keyDisplayName, keyOrigin } from "../../domain/ownership.ts";
import { dayText } from "../../domain/time-text.ts";
import type { Directory } from "../ports.ts";
import { waitReporting } from "../patience.ts";
import { nameOf } from "./directory-names.ts";
import { lifeRefused, policyDocs } from "./key-life.ts";
import type { DirectoryTools } from "./directory-tools.ts";

const triesAfterLostAnswers = 3;
/**
 * A policy measures a lifetime by the directory's clock, which may be behind the clock that the end is computed from.
 */
const clockSkewMs = 5 * 60_000;

/** What making a key needs. */
export interface KeyWish {
  readonly application: Application;
  readonly clusterId: string;
  /** The lifetimes to try, in milliseconds. The key gets the first that the directory allows. See `livesToTry`. */
  readonly livesMs: readonly number[];
  /** Server time. */
  readonly now: Date;
  readonly mark: KeyMark;
}

/** The mark under which a key is made. It names the key before the key exists. */
export interface KeyMark {
  readonly operation: string;
  /** Begins a new operation, and keeps the current one among those to sweep. */
  nextOperation(signal: AbortSignal): Promise<void>;
}

/**
 * Adds one key with the mark's operation id in its display name. If an answer is lost, the key may exist, but nobody
 * knows its text. Then its operation is added to those to sweep, and another key is made.
 * @throws ActionableError `directory.password-lifetime` if the directory allows none of the lifetimes
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
      const made = await waitReporting(
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
    // Not every part of the directory knows a fresh application yet. A 404 means that no key was made.
    if (hasCode(error, "directory.not-found")) return undefined;
    throw error;
  }
}

/**
 * Refuses, before any write, what the tenant's policies certainly forbid. If they may not be read, or do not say whom
 * they exempt, the first password decides.
 * @param application undefined if it is yet to be made
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

/**
 * Whether a write was refused, and would be again: a right is missing, or a rule of the tenant or the subscription
 * forbids it.
 */
export function isRefusedForGood(error: unknown): error is ActionableError {
  return (
    error instanceof ActionableError &&
    /^(?:directory\.|roles\.|azure\.(?:mfa-required|limit)$)/.test(error.code) &&
    (error.exitCode === exitCode.notAllowed || error.exitCode === exitCode.usage)
  );
}

/** What an administrator sends to Microsoft Graph to exempt an application. */
const exemption = JSON.stringify({
  displayName: "acr-pull",
  isEnabled: true,
  restrictions: { passwordCredentials: [{ restrictionType: "passwordAddition", state: "disabled" }] },
});

/**
 * The refusal of a tenant that allows no passwords, with the way around it.
 * @param application undefined if there is none to exempt
 * @param refusal the directory's own refusal, if it was asked
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
 * Removes the keys that these operations left behind, except those that a secret holds. A directory replica that
 * shows a newer key of ours also knows the older ones. So the list is trusted once it shows `newest`.
 * @returns ids of the keys that were removed, and of those that stay because a secret holds them
 */
export async function sweepKeys(
  application: Application,
  wish: {
    clusterId: string;
    operations: readonly string[];
    newest: string | undefined;
    held: ReadonlySet<string>;
    /** Called for each key as soon as it is removed, because the next removal may throw. */
    onRemoved?: (keyId: string) => void;
  },
  tools: DirectoryTools,
  signal: AbortSignal,
): Promise<{ removed: string[]; held: string[] }> {
  const { directory, report } = tools;
  const listed = await waitReporting(
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
