import type { PullCredential } from "../../domain/docker-config.ts";
import { formatDuration } from "../../domain/duration.ts";
import type { Clock } from "../ports.ts";
import { proofFailed, refusalsBetweenLooks, tryOnce, type ProofContext } from "./prove-pull.ts";
import { SecondOpinion } from "./second-opinion.ts";

/** How many times in a row something has to be seen, and over what time. */
export interface Steadiness {
  readonly times: number;
  /** From the first time to the last, in milliseconds. */
  readonly spreadMs: number;
  /**
   * Whether it is enough that the registry signs the credential in. If the role is limited to repositories that
   * nobody named, the old credential cannot pull just any name either.
   */
  readonly signInSuffices: boolean;
  /** The same, asked again after repeated refusals to pull: somebody may have limited the role since. */
  readonly signInSufficesNow?: (signal: AbortSignal) => Promise<boolean>;
}

const fewestLooks = 3;
const betweenLooksMs = 2_000;

/**
 * So many looks over a time that they hardly miss a part of the service that says otherwise. Parts learn minutes
 * apart, and each look reaches one of them. Suppose that one part of five says otherwise: 26 looks over 49 s miss it
 * once in 330 times, or once in 100,000 times if each look asks the registry and Entra. Three looks miss it every
 * second time, or every fourth time.
 * @param spreadMs in milliseconds; if it is 0, the looks are few and back to back
 */
export function manyLooks(spreadMs: number): Pick<Steadiness, "times" | "spreadMs"> {
  return { times: Math.max(fewestLooks, 1 + Math.ceil(spreadMs / betweenLooksMs)), spreadMs };
}

const pauseAfterRefusalMs = 1_000;

/**
 * Proves a credential several times in a row: parts of a service learn of a new password at different times, so one
 * success says little (https://github.com/hashicorp/vault/issues/27593). A refusal restarts the count.
 * @throws ActionableError as provePull does, when the waiting time is over
 */
export async function proveSteadily(
  context: ProofContext,
  credential: PullCredential,
  steadiness: Steadiness,
  signal: AbortSignal,
): Promise<void> {
  const { kind, loginServer, image, report, timeoutMs, clock } = context;
  const { times, spreadMs, signInSufficesNow } = steadiness;
  let { signInSuffices } = steadiness;
  const opinion = new SecondOpinion(context, credential);
  let refusals = 0;
  const start = clock.now().getTime();
  const pauseMs = times > 1 ? spreadMs / (times - 1) : 0;
  for (let inARow = 0; inARow < times;) {
    const outcome = await tryOnce(context, credential, signal);
    const waitedMs = clock.now().getTime() - start;
    if (outcome.kind === "no-pull-scope" && !signInSuffices) {
      refusals += 1;
      if (refusals % refusalsBetweenLooks === 0)
        signInSuffices = (await signInSufficesNow?.(signal)) ?? false;
    }
    if (outcome.kind === "allowed" || (signInSuffices && outcome.kind === "no-pull-scope")) inARow += 1;
    else {
      if (outcome.kind === "image-missing" || waitedMs >= timeoutMs + spreadMs)
        throw proofFailed(context, { image, entra: opinion.entra }, outcome);
      await opinion.after(outcome, signal);
      inARow = 0;
    }
    if (inARow === times) break;
    const who = kind === "entra" ? "Entra" : loginServer;
    const text =
      inARow === 0
        ? `Waiting for ${who} to accept the password everywhere, up to ${formatDuration(timeoutMs)}`
        : `Proving that ${who} accepts the password: ${inARow} of ${times} in a row`;
    report({ kind: inARow === 0 ? "waiting" : "advanced", id: "proof", text });
    const pause = inARow === 0 ? pauseAfterRefusalMs : pauseMs;
    if (pause > 0) await clock.sleep(pause, signal);
    else signal.throwIfAborted();
  }
  report({ kind: "ended", id: "proof" });
}

/** What has to be seen several times in a row. */
export interface Expectation {
  readonly steadiness: Pick<Steadiness, "times" | "spreadMs">;
  readonly timeoutMs: number;
  /** Called after each look except the last, with the number of successes in a row. */
  readonly onLook: (inARow: number) => void;
}

const longestPauseMs = 5_000;

/**
 * Looks until `look` succeeds the required number of times in a row, spread over a time: one part of a service may
 * not know yet what another part says. While it fails, the pauses grow from one second to five.
 * @returns whether it succeeded; false if the waiting time is over
 */
export async function isSteadily(
  look: () => Promise<boolean>,
  { steadiness: { times, spreadMs }, timeoutMs, onLook }: Expectation,
  clock: Clock,
  signal: AbortSignal,
): Promise<boolean> {
  const start = clock.now().getTime();
  const betweenMs = times > 1 ? spreadMs / (times - 1) : 0;
  let waitMs = pauseAfterRefusalMs;
  for (let inARow = 0; ;) {
    inARow = (await look()) ? inARow + 1 : 0;
    if (inARow === times) return true;
    const leftMs = start + timeoutMs - clock.now().getTime();
    if (inARow === 0 && leftMs <= 0) return false;
    onLook(inARow);
    const pauseMs = inARow > 0 ? betweenMs : Math.min(waitMs, leftMs);
    waitMs = inARow > 0 ? pauseAfterRefusalMs : Math.min(waitMs * 1.5, longestPauseMs);
    if (pauseMs > 0) await clock.sleep(pauseMs, signal);
    else signal.throwIfAborted();
  }
}

/**
 * Waits until a removed credential is refused the required number of times in a row: the directory removes it long
 * before every part of the service stops accepting it.
 * @returns whether it is refused; false if the waiting time is over
 */
export async function isRefusedSteadily(
  context: ProofContext,
  credential: PullCredential,
  steadiness: Expectation["steadiness"],
  signal: AbortSignal,
): Promise<boolean> {
  const { signIn, report, timeoutMs, clock } = context;
  const look = async () => {
    const [outcome, signedIn] = await Promise.all([
      tryOnce(context, credential, signal),
      signIn?.signIn(credential.username, credential.password, signal),
    ]);
    return outcome.kind === "refused" && signedIn?.kind !== "accepted";
  };
  const onLook = (inARow: number) => {
    const text =
      inARow === 0
        ? `Waiting for the removed password to be refused everywhere, up to ${formatDuration(timeoutMs)}`
        : `Checking that the removed password is refused: ${inARow} of ${steadiness.times} in a row`;
    report({ kind: inARow === 0 ? "waiting" : "advanced", id: "refusal", text });
  };
  const refused = await isSteadily(look, { steadiness, timeoutMs, onLook }, clock, signal);
  report({ kind: "ended", id: "refusal" });
  return refused;
}
