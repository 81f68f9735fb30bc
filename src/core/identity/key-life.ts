import { formatDuration } from "../../domain/duration.ts";
import { ActionableError, type ErrorDetails } from "../../domain/errors.ts";
import type { PasswordPolicy } from "../../domain/password-policy.ts";

const dayMs = 86_400_000;
/** The lifetime of a key if the user names none and the key replaces no other. */
export const usualLifetimeMs = 180 * dayMs;
/**
 * The lifetimes that `max` tries in turn if the tenant's policy cannot be read: what Graph gives when no end is
 * named, then lifetimes that tenants usually allow.
 */
const longestFirstMs = [730, 365, 180, 90, 60, 30, 14, 7].map((days) => days * dayMs);

/** Where Microsoft describes the policies on passwords. */
export const policyDocs =
  "https://learn.microsoft.com/graph/api/resources/applicationauthenticationmethodpolicy";

/**
 * How long a key is to live, in milliseconds. With `max` it may turn out shorter.
 * @param asked undefined if the user named no lifetime: then the tenant's limit shortens it
 * @param usualMs the lifetime in that case, if the tenant allows it
 */
export function lifetimeOf(
  asked: number | "max" | undefined,
  policy: Pick<PasswordPolicy, "longestLifeMs">,
  usualMs: number = usualLifetimeMs,
): number {
  return livesToTry(asked, policy, usualMs)[0];
}

/** The lifetimes that a key may get, in milliseconds, in the order in which to ask for them: see `lifetimeOf`. */
export function livesToTry(
  asked: number | "max" | undefined,
  { longestLifeMs }: Pick<PasswordPolicy, "longestLifeMs">,
  usualMs: number = usualLifetimeMs,
): readonly [number, ...number[]] {
  if (asked !== "max") return [asked ?? Math.min(usualMs, longestLifeMs ?? Infinity)];
  if (longestLifeMs !== undefined) return [longestLifeMs];
  const [first = usualLifetimeMs, ...shorter] = longestFirstMs;
  return [first, ...shorter];
}

/** Says in the plan that a key lives shorter than usual although nobody asked for that. Empty if it does not. */
export function cappedLife(policy: PasswordPolicy, usualMs: number = usualLifetimeMs): string[] {
  const lifeMs = lifetimeOf(undefined, policy, usualMs);
  return lifeMs < usualMs
    ? [`The new key is valid for ${formatDuration(lifeMs)}, the longest that the tenant allows`]
    : [];
}

/**
 * The refusal of a tenant that does not let a password live that long.
 * @param longestMs the lifetime it allows; undefined if the caller may not read it
 */
export function lifeRefused(
  askedMs: number,
  longestMs: number | undefined,
  details: ErrorDetails,
  cause?: ActionableError,
): ActionableError {
  return new ActionableError(
    `The tenant's policy forbids a password that is valid for ${formatDuration(askedMs)}.`,
    { ...details, hint: lifeHint(askedMs, longestMs), docs: policyDocs },
    { cause },
  );
}

function lifeHint(askedMs: number, longestMs: number | undefined): string {
  if (longestMs !== undefined) {
    const life = formatDuration(longestMs);
    return `The tenant allows at most ${life}: run the same command again with --expires-in ${life}.`;
  }
  const unread = "You may not read what the policy allows.";
  return askedMs > Math.min(...longestFirstMs)
    ? `${unread} Run the same command again with --expires-in max: it tries ${longestFirstMs.map(formatDuration).join(", ")}, and takes the first that is allowed.`
    : `${unread} Ask a tenant administrator, and pass a lifetime that it allows with --expires-in.`;
}
