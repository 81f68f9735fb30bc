import { randomUUID } from "node:crypto";
import { formatDuration } from "../../domain/duration.ts";
import { ActionableError, hasCode, OutcomeUnknownError, type ErrorDetails } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import type { Application, NewPassword } from "../../domain/identity.ts";
import { keyDisplayName, keyOrigin } from "../../domain/ownership.ts";
import type { Clock, Directory } from "../ports.ts";
import type { Report } from "../progress.ts";
import { waitText, waitUntil } from "../wait-until.ts";
import type { HeldMark } from "./pending-mark.ts";

/** What Graph gives when no end is named; `max` asks for it where the tenant's policy cannot be read. */
const graphDefaultLifetimeMs = 730 * 86_400_000;
const triesAfterLostAnswers = 3;
/** A policy counts a life by the directory's clock, which may be behind the one that the end is counted by. */
const clockSkewMs = 5 * 60_000;

/** What a key is made with. */
export interface KeyWish {
  readonly application: Application;
  readonly clusterId: string;
  readonly expiresInMs: number | "max";
  /** Server time. */
  readonly now: Date;
  readonly mark: HeldMark;
}

/** A fresh operation id. */
export function newOperation(): string {
  return randomUUID();
}

/**
 * Adds one key with the mark's operation id in its display name. When an answer is lost the key may exist although
 * its text is known to nobody: the operation goes among those to sweep and another key is made.
 */
export async function makeKey(
  wish: KeyWish,
  ports: { directory: Directory; clock: Clock; report: Report; timeoutMs: number },
  signal: AbortSignal,
): Promise<NewPassword> {
  const { application, clusterId, mark, now } = wish;
  const { directory, clock, report, timeoutMs } = ports;
  const lifetimeMs =
    wish.expiresInMs === "max"
      ? ((await directory.passwordPolicy(signal))?.longestLifeMs ?? graphDefaultLifetimeMs)
      : wish.expiresInMs;
  const endDateTime = new Date(now.getTime() + lifetimeMs - Math.min(clockSkewMs, lifetimeMs / 100));
  for (let tries = 1; ; tries += 1) {
    const displayName = keyDisplayName(clusterId, mark.operation);
    try {
      const made = await waitUntil(
        () => addUnlessUnknown(directory, application.objectId, { displayName, endDateTime }, signal),
        {
          timeoutMs,
          onWait: (tries) =>
            report({
              kind: "waiting",
              id: "key",
              text: waitText("Entra to know the new application", tries, timeoutMs),
            }),
        },
        clock,
        signal,
      );
      if (made) return made;
      throw new ActionableError(
        `The directory did not come to know the application ${application.appId} in time.`,
        {
          code: "directory.application-unknown",
          hint: "Run the same command again later; it goes on from here.",
          retryable: true,
        },
      );
    } catch (error) {
      if (hasCode(error, "directory.password-lifetime"))
        throw await withCap(error, lifetimeMs, directory, signal);
      if (!(error instanceof OutcomeUnknownError) || tries >= triesAfterLostAnswers) throw error;
      report({
        kind: "note",
        level: "info",
        text: "The answer with the new password was lost; that key will be removed and another is made",
      });
      await mark.nextOperation(newOperation(), signal);
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
 * Refuses before any write what the tenant's policy does not allow, where it may be read.
 * @returns the longest life that it allows, in milliseconds, where it limits that
 * @throws ActionableError `directory.passwords-forbidden`, `directory.password-lifetime`
 */
export async function checkPasswordPolicy(
  expiresInMs: number | "max",
  directory: Directory,
  signal: AbortSignal,
): Promise<number | undefined> {
  const policy = await directory.passwordPolicy(signal);
  if (!policy) return undefined;
  if (!policy.allowed) {
    throw new ActionableError("The tenant's policy allows no passwords on applications.", {
      code: "directory.passwords-forbidden",
      exitCode: exitCode.notAllowed,
      hint: "Ask who administers the tenant for an exemption, and name the application that has it with --service-principal.",
      docs: policyDocs,
    });
  }
  const { longestLifeMs } = policy;
  if (longestLifeMs === undefined || expiresInMs === "max" || expiresInMs <= longestLifeMs)
    return longestLifeMs;
  throw tooLong(expiresInMs, longestLifeMs, {
    code: "directory.password-lifetime",
    exitCode: exitCode.notAllowed,
  });
}

const policyDocs = "https://learn.microsoft.com/graph/api/resources/applicationauthenticationmethodpolicy";

/** The refusal of a life that is too long, with what is allowed where that may be read. */
async function withCap(
  error: ActionableError,
  askedMs: number,
  directory: Directory,
  signal: AbortSignal,
): Promise<ActionableError> {
  const { code, requestId, status } = error;
  const policy = await directory.passwordPolicy(signal).catch(() => undefined);
  return tooLong(askedMs, policy?.longestLifeMs, { code, requestId, status }, error);
}

function tooLong(
  askedMs: number,
  longestMs: number | undefined,
  details: ErrorDetails,
  cause?: ActionableError,
): ActionableError {
  const allowed =
    longestMs === undefined
      ? "The tenant's policy does not say to you what it allows"
      : `The tenant allows ${formatDuration(longestMs)}`;
  const shorter = longestMs === undefined ? "90d" : formatDuration(longestMs);
  return new ActionableError(
    `The tenant's policy forbids a password that lives ${formatDuration(askedMs)}.`,
    {
      ...details,
      hint: `${allowed}. Run the same command again with a shorter life, such as --expires-in ${shorter}.`,
      docs: policyDocs,
    },
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
  },
  ports: { directory: Directory; clock: Clock; report: Report; timeoutMs: number },
  signal: AbortSignal,
): Promise<{ removed: string[]; held: string[] }> {
  const { directory, clock, report, timeoutMs } = ports;
  const listed = await waitUntil(
    async () => {
      const current = await directory.readApplication(application.objectId, signal);
      const shows = wish.newest === undefined || current?.passwords.some((key) => key.keyId === wish.newest);
      return current && shows ? current : undefined;
    },
    {
      timeoutMs,
      onWait: (tries) =>
        report({
          kind: "waiting",
          id: "sweep",
          text: waitText("Entra to list the new key", tries, timeoutMs),
        }),
    },
    clock,
    signal,
  );
  report({ kind: "ended", id: "sweep" });
  if (!listed) {
    throw new ActionableError(
      `The directory did not come to list the new key of the application ${application.appId} in time.`,
      {
        code: "directory.key-unlisted",
        hint: "The secrets are in order; run the same command again later to remove what an earlier run left.",
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
  for (const keyId of removed) await directory.removePassword(application.objectId, keyId, signal);
  return { removed, held: made.filter((keyId) => wish.held.has(keyId)) };
}
