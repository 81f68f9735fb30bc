import { ActionableError, hasCode } from "../domain/errors.ts";
import type { Application } from "../domain/identity.ts";
import { waitReporting } from "../core/patience.ts";
import { lifeRefused, livesToTry } from "../core/identity/key-life.ts";
import type { KeyLife, NewKey } from "./identity.ts";
import type { IdentityTools } from "./service-principal.ts";

/**
 * A policy measures a lifetime by the directory's clock, which may be behind the clock that the end is computed from.
 */
const clockSkewMs = 5 * 60_000;

/**
 * Adds a password to an application, with the first of the lifetimes that the tenant allows.
 * @throws OutcomeUnknownError if the answer was lost; ActionableError `directory.password-lifetime`,
 *   `directory.passwords-forbidden`
 */
export async function addKey(
  application: Application,
  { displayName, life }: { readonly displayName: string; readonly life: KeyLife },
  tools: IdentityTools,
  signal: AbortSignal,
): Promise<NewKey> {
  const { directory, clock } = tools;
  const policy = await directory.passwordPolicy(application, signal);
  const now = directory.serverTime() ?? clock.now();
  const lives = livesToTry(life, policy);
  for (const [index, lifeMs] of lives.entries()) {
    const endDateTime = new Date(now.getTime() + lifeMs - Math.min(clockSkewMs, lifeMs / 100));
    const add = async () => {
      try {
        return await directory.addPassword(application.objectId, { displayName, endDateTime }, signal);
      } catch (error) {
        // Not every part of the directory knows a fresh application yet. A 404 means that no key was made.
        if (hasCode(error, "directory.not-found")) return undefined;
        throw error;
      }
    };
    try {
      const made = await waitReporting(
        add,
        { id: "key", what: "Entra to recognize the new application" },
        tools,
        signal,
      );
      if (made) return { id: made.keyId, password: made.secret, expiresAt: made.endDateTime };
      break;
    } catch (error) {
      if (!hasCode(error, "directory.password-lifetime")) throw error;
      if (index < lives.length - 1) continue;
      const { code, exitCode, requestId, status } = error;
      throw lifeRefused(lifeMs, policy.longestLifeMs, { code, exitCode, requestId, status }, error);
    }
  }
  throw new ActionableError(`The directory did not recognize the application ${application.appId} in time.`, {
    code: "directory.application-unknown",
    hint: "Run the same command again later to continue.",
    retryable: true,
  });
}
