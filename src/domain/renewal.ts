/*
 * When a key is due for renewal: long before it expires if it lives long, and never while it is new. A regular job
 * renews first; if it does not, a warning follows.
 */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Twice the time of the warning, so that failed jobs are noticed in time. */
const longestWindowMs = 60 * dayMs;
const usualWarningMs = 30 * dayMs;
/** A key that is renewed regularly never comes this close to its end. */
const usualAlarmMs = 7 * dayMs;
/** A shorter-lived key would cause the usual warning for half of its life or more. */
const shortLifeMs = 60 * dayMs;

/** When a key was made and when it expires, RFC 3339; null if unknown. */
export interface KeyLife {
  readonly createdAt: string | null;
  readonly expiresAt: string | null;
}

/**
 * How long before a key expires a regular job renews it, in milliseconds: a third of its life, at most 60 days, in
 * whole days; in whole hours or minutes if its life is short.
 */
export function renewalWindowMs(life: KeyLife): number {
  const lifeMs = lifeOf(life);
  if (lifeMs === undefined) return longestWindowMs;
  return Math.min(longestWindowMs, Math.max(thirdOf(lifeMs), renewalDueMs(lifeMs)));
}

/**
 * Whether a key expires within 30 days, or has expired. If it lives less than 60 days: whether the last third of its
 * life has begun.
 */
export function isRenewalDue(life: KeyLife, now: Date): boolean {
  if (life.expiresAt === null) return false;
  return Date.parse(life.expiresAt) - now.getTime() <= renewalDueMs(lifeOf(life));
}

/**
 * Whether a key expires within 7 days, or has expired. If it lives less than 60 days: within the same share of its
 * last third.
 */
export function isEndNear(life: KeyLife, now: Date): boolean {
  if (life.expiresAt === null) return false;
  const alarmMs = (renewalDueMs(lifeOf(life)) * usualAlarmMs) / usualWarningMs;
  return Date.parse(life.expiresAt) - now.getTime() <= alarmMs;
}

function renewalDueMs(lifeMs: number | undefined): number {
  return lifeMs === undefined || lifeMs >= shortLifeMs ? usualWarningMs : thirdOf(lifeMs);
}

function thirdOf(lifeMs: number): number {
  const third = lifeMs / 3;
  const unit = [dayMs, hourMs, minuteMs].find((size) => third >= size) ?? 1;
  return Math.floor(third / unit) * unit;
}

/** A key lives a little shorter than was asked for. A long life is asked for in whole hours, so it is rounded up. */
function lifeOf({ createdAt, expiresAt }: KeyLife): number | undefined {
  if (createdAt === null || expiresAt === null) return undefined;
  const lifeMs = Date.parse(expiresAt) - Date.parse(createdAt);
  return lifeMs < 6 * hourMs ? Math.max(0, lifeMs) : Math.ceil(lifeMs / hourMs) * hourMs;
}
