import { formatDuration } from "../../domain/duration.ts";
import { ActionableError, type ErrorDetails } from "../../domain/errors.ts";
import type { PasswordPolicy } from "../../domain/password-policy.ts";

const dayMs = 86_400_000;
/** The life of a key that nobody named one for, and that follows no other. */
export const usualLifetimeMs = 180 * dayMs;
/**
 * What `max` asks for where the tenant's policy cannot be read, until one is allowed: what Graph gives when no end is
 * named, and lives that tenants usually allow.
 */
const longestFirstMs = [730, 365, 180, 90, 60, 30, 14, 7].map((days) => days * dayMs);

/** Where Microsoft describes the policies on passwords. */
export const policyDocs =
  "https://learn.microsoft.com/graph/api/resources/applicationauthenticationmethodpolicy";

/**
 * How long a key is to live, in milliseconds; with `max` it may turn out shorter.
 * @param asked undefined: nobody named a life, so that it keeps to what is allowed
 * @param usualMs what it lives then, where that is allowed
 */
export function lifetimeOf(
  asked: number | "max" | undefined,
  policy: Pick<PasswordPolicy, "longestLifeMs">,
  usualMs: number = usualLifetimeMs,
): number {
  return livesToTry(asked, policy, usualMs)[0];
}

/** The lives that a key may get, in milliseconds, the one to ask for first at first: see `lifetimeOf`. */
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

/** That a key whose life nobody named lives shorter than usual, as the plan says it; empty where it does not. */
export function cappedLife(policy: PasswordPolicy, usualMs: number = usualLifetimeMs): string[] {
  const lifeMs = lifetimeOf(undefined, policy, usualMs);
  return lifeMs < usualMs
    ? [`The new key lives ${formatDuration(lifeMs)}: the tenant allows no longer life`]
    : [];
}

/**
 * The refusal of a tenant that does not let a password live as long.
 * @param longestMs what it allows; undefined: nobody here may read that
 */
export function lifeRefused(
  askedMs: number,
  longestMs: number | undefined,
  details: ErrorDetails,
  cause?: ActionableError,
): ActionableError {
  return new ActionableError(
    `The tenant's policy forbids a password that lives ${formatDuration(askedMs)}.`,
    { ...details, hint: lifeHint(askedMs, longestMs), docs: policyDocs },
    { cause },
  );
}

function lifeHint(askedMs: number, longestMs: number | undefined): string {
  if (longestMs !== undefined) {
    const life = formatDuration(longestMs);
    return `The tenant allows ${life}: run the same command again with --expires-in ${life}.`;
  }
  const unread = "You may not read what the policy allows.";
  return askedMs > Math.min(...longestFirstMs)
    ? `${unread} Run the same command again with --expires-in max: it tries ${longestFirstMs.map(formatDuration).join(", ")}, and takes the first that is allowed.`
    : `${unread} Ask who administers the tenant, and name a life that it allows with --expires-in.`;
}
