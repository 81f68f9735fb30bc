import type { PullCredential } from "../../domain/docker-config.ts";
import { formatDuration } from "../../domain/duration.ts";
import { proofFailed, tryOnce, type ProofContext } from "./prove-pull.ts";

/** How often in a row, and over which time. */
export interface Steadiness {
  readonly times: number;
  /** From the first to the last, in milliseconds. */
  readonly spreadMs: number;
  /**
   * Whether it is enough that the registry signs the credential in: where a role is limited to repositories that
   * nobody named, the one before it gets no pull of just any name either.
   */
  readonly signInSuffices: boolean;
}

const pauseAfterRefusalMs = 1_000;

/**
 * Proves a credential several times in a row: parts of a service learn of a new password at different times, so one
 * success says little (https://github.com/hashicorp/vault/issues/27593). A refusal begins the count anew.
 * @throws ActionableError like provePull when the waiting time is over
 */
export async function proveSteadily(
  context: ProofContext,
  credential: PullCredential,
  steadiness: Steadiness,
  signal: AbortSignal,
): Promise<void> {
  const { kind, loginServer, image, report, timeoutMs, clock } = context;
  const { times, spreadMs, signInSuffices } = steadiness;
  if (kind === "none") return;
  const start = clock.now().getTime();
  const pauseMs = times > 1 ? spreadMs / (times - 1) : 0;
  for (let inARow = 0; inARow < times;) {
    const outcome = await tryOnce(context, credential, signal);
    const waitedMs = clock.now().getTime() - start;
    if (outcome.kind === "allowed" || (signInSuffices && outcome.kind === "no-pull-scope")) inARow += 1;
    else {
      if (outcome.kind === "image-missing" || waitedMs >= timeoutMs + spreadMs)
        throw proofFailed(loginServer, image, outcome);
      inARow = 0;
    }
    if (inARow === times) break;
    const who = kind === "entra" ? "Entra" : loginServer;
    const text =
      inARow === 0
        ? `Waiting for ${who} to take the password everywhere, up to ${formatDuration(timeoutMs)}`
        : `Proving that ${who} takes the password: ${inARow} of ${times} in a row`;
    report({ kind: "waiting", id: "proof", text });
    const pause = inARow === 0 ? pauseAfterRefusalMs : pauseMs;
    if (pause > 0) await clock.sleep(pause, signal);
    else signal.throwIfAborted();
  }
  report({ kind: "ended", id: "proof" });
}

/**
 * Waits until a removed credential is refused, as often in a row as is asked for: the directory has removed it long
 * before every part of the service stops taking it.
 * @returns whether it is refused; false when the waiting time is over
 */
export async function isRefusedSteadily(
  context: ProofContext,
  credential: PullCredential,
  { times, spreadMs }: Pick<Steadiness, "times" | "spreadMs">,
  signal: AbortSignal,
): Promise<boolean> {
  const { kind, signIn, report, timeoutMs, clock } = context;
  if (kind === "none") return true;
  const start = clock.now().getTime();
  const pauseMs = times > 1 ? spreadMs / (times - 1) : 0;
  for (let inARow = 0; inARow < times;) {
    const [outcome, signedIn] = await Promise.all([
      tryOnce(context, credential, signal),
      signIn?.signIn(credential.username, credential.password, signal),
    ]);
    const refused = outcome.kind === "refused" && signedIn?.kind !== "accepted";
    inARow = refused ? inARow + 1 : 0;
    if (inARow === times) break;
    if (!refused && clock.now().getTime() - start >= timeoutMs) {
      report({ kind: "ended", id: "refusal" });
      return false;
    }
    if (!refused) {
      const text = `Waiting for the removed password to be refused everywhere, up to ${formatDuration(timeoutMs)}`;
      report({ kind: "waiting", id: "refusal", text });
    }
    const pause = refused ? pauseMs : pauseAfterRefusalMs;
    if (pause > 0) await clock.sleep(pause, signal);
    else signal.throwIfAborted();
  }
  report({ kind: "ended", id: "refusal" });
  return true;
}
