/*
 * When a key is due to be renewed: long before its end where it lives long, and never while it is new. A job that runs
 * regularly renews first; a warning follows when that has not happened.
 */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Twice as long before the end as is warned, so that failed jobs are noticed in time. */
const longestWindowMs = 60 * dayMs;
const usualWarningMs = 30 * dayMs;
/** So short before the end nobody should find a key that is renewed regularly. */
const usualAlarmMs = 7 * dayMs;
/** A key that lives shorter than this would be warned of for half of its life or more. */
const shortLifeMs = 60 * dayMs;

/** From when to when a key is valid, RFC 3339; null where it is not known. */
export interface KeyLife {
  readonly createdAt: string | null;
  readonly expiresAt: string | null;
}

/**
 * How long before its end a regular job renews a key, in milliseconds: for a third of its life, at most 60 days; in
 * whole days, or whole hours or minutes of a life too short for that.
 */
export function renewalWindowMs(life: KeyLife): number {
  const lifeMs = lifeOf(life);
  if (lifeMs === undefined) return longestWindowMs;
  return Math.min(longestWindowMs, Math.max(thirdOf(lifeMs), renewalDueMs(lifeMs)));
}

/** Whether a key ends within 30 days, or has ended; one that lives under 60 days: whether the last third of that began. */
export function isRenewalDue(life: KeyLife, now: Date): boolean {
  if (life.expiresAt === null) return false;
  return Date.parse(life.expiresAt) - now.getTime() <= renewalDueMs(lifeOf(life));
}

/** Whether a key ends within 7 days, or has ended; one that lives under 60 days: within the like part of its last third. */
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

/** A key is made a little shorter than what was asked for, which was in whole hours if it was long. */
function lifeOf({ createdAt, expiresAt }: KeyLife): number | undefined {
  if (createdAt === null || expiresAt === null) return undefined;
  const lifeMs = Date.parse(expiresAt) - Date.parse(createdAt);
  return lifeMs < 6 * hourMs ? Math.max(0, lifeMs) : Math.ceil(lifeMs / hourMs) * hourMs;
}
