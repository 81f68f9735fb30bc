import { formatDuration } from "../../domain/duration.ts";
import { ActionableError, hasCode, OutcomeUnknownError, type ErrorDetails } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import type { Application, NewPassword } from "../../domain/identity.ts";
import type { PasswordPolicy } from "../../domain/password-policy.ts";
import { keyDisplayName, keyOrigin } from "../../domain/ownership.ts";
import type { Directory } from "../ports.ts";
import { waitTelling } from "../patience.ts";
import { nameOf } from "./directory-names.ts";
import type { DirectoryTools } from "./directory-tools.ts";

const dayMs = 86_400_000;
/** What Graph gives when no end is named; `max` asks for it where the tenant's policy cannot be read. */
const graphDefaultLifetimeMs = 730 * dayMs;
/** The life of a key that nobody named one for, and that follows no other. */
export const usualLifetimeMs = 180 * dayMs;
const triesAfterLostAnswers = 3;
/** A policy counts a life by the directory's clock, which may be behind the one that the end is counted by. */
const clockSkewMs = 5 * 60_000;

/** What a key is made with. */
export interface KeyWish {
  readonly application: Application;
  readonly clusterId: string;
  /** How long it lives, in milliseconds: see `lifetimeOf`. */
  readonly lifetimeMs: number;
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
 */
export async function makeKey(
  wish: KeyWish,
  tools: DirectoryTools,
  signal: AbortSignal,
): Promise<NewPassword> {
  const { application, clusterId, lifetimeMs, mark, now } = wish;
  const { directory, report } = tools;
  const endDateTime = new Date(now.getTime() + lifetimeMs - Math.min(clockSkewMs, lifetimeMs / 100));
  for (let tries = 1; ; tries += 1) {
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
        const { longestLifeMs } = await directory.passwordPolicy(application, signal);
        const { code, exitCode, requestId, status } = error;
        throw tooLong(lifetimeMs, longestLifeMs, { code, exitCode, requestId, status }, error);
      }
      if (!(error instanceof OutcomeUnknownError) || tries >= triesAfterLostAnswers) throw error;
      report({
        kind: "note",
        level: "info",
        text: "The answer with the new password was lost: acr-pull removes that key and makes another",
      });
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
 * How long a key is to live, in milliseconds.
 * @param asked undefined: nobody named a life, so that it keeps to what is allowed
 * @param usualMs what it lives then, where that is allowed
 */
export function lifetimeOf(
  asked: number | "max" | undefined,
  { longestLifeMs }: Pick<PasswordPolicy, "longestLifeMs">,
  usualMs: number = usualLifetimeMs,
): number {
  if (asked === "max") return longestLifeMs ?? graphDefaultLifetimeMs;
  return asked ?? Math.min(usualMs, longestLifeMs ?? Infinity);
}

/** That a key whose life nobody named lives shorter than usual, as the plan says it; empty where it does not. */
export function cappedLife(policy: PasswordPolicy, usualMs: number = usualLifetimeMs): string[] {
  const lifeMs = lifetimeOf(undefined, policy, usualMs);
  return lifeMs < usualMs
    ? [`The new key lives ${formatDuration(lifeMs)}: the tenant allows no longer life`]
    : [];
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
  throw tooLong(asked, longestLifeMs, { code: "directory.password-lifetime", exitCode: exitCode.notAllowed });
}

/** Whether the directory refused a write, so that nothing came of it: for want of a right, or by a rule of the tenant's. */
export function isRefusedByDirectory(error: unknown): error is ActionableError {
  return (
    error instanceof ActionableError &&
    error.code.startsWith("directory.") &&
    (error.exitCode === exitCode.notAllowed || error.exitCode === exitCode.usage)
  );
}

const policyDocs = "https://learn.microsoft.com/graph/api/resources/applicationauthenticationmethodpolicy";

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
        `POST /policies/appManagementPolicies ${exemption}`,
        `and, with the id in its answer, POST /applications/${objectId}/appManagementPolicies/$ref {"@odata.id":"https://graph.microsoft.com/v1.0/policies/appManagementPolicies/ID"}`,
        then,
      ].join("\n"),
      docs: policyDocs,
      requestId: refusal?.requestId,
      status: refusal?.status,
    },
    { cause: refusal },
  );
}

/** A moment's day, as people write it in a sentence. */
export function dayText(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}

/** Lives that tenants usually allow, the longest first. */
const usualLimits = ["180d", "90d"];

function tooLong(
  askedMs: number,
  longestMs: number | undefined,
  details: ErrorDetails,
  cause?: ActionableError,
): ActionableError {
  const shorter = usualLimits.filter((text) => Number.parseInt(text, 10) * dayMs < askedMs);
  const allowed =
    longestMs !== undefined
      ? `The tenant allows ${formatDuration(longestMs)}: run the same command again with --expires-in ${formatDuration(longestMs)}.`
      : `You may not read what the tenant's policy allows${shorter.length > 0 ? `; common limits are ${usualLimits.join(" and ")}` : ""}. Run the same command again with a shorter --expires-in, such as --expires-in ${shorter[0] ?? "30d"}.`;
  return new ActionableError(
    `The tenant's policy forbids a password that lives ${formatDuration(askedMs)}.`,
    { ...details, hint: allowed, docs: policyDocs },
    { cause },
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
