import { formatDuration } from "../../domain/duration.ts";
import { renewalWindowMs } from "../../domain/renewal.ts";
import { timeText } from "../../domain/time-text.ts";
import type { RotateInput } from "./contract.ts";
import type { SeenKey, SeenKeys } from "./look.ts";

/** What of the run's wishes decides when a key is due. */
type DueWish = Pick<RotateInput, "ifExpiringWithinMs" | "expiresInMs">;

/** Whether a key is to be replaced by now. */
export function isDue(key: SeenKey, { now }: Pick<SeenKeys, "now">, wish: DueWish): boolean {
  const within = wish.ifExpiringWithinMs;
  if (within === undefined) return true;
  const counted = isWholeLife(key, wish) ? renewalWindowMs(lifeOf(key)) : within;
  return endOf(key) - now.getTime() <= counted;
}

/** When a key ends, in milliseconds since 1970; one whose end is not known is not about to. */
export function endOf({ expiresAt }: SeenKey): number {
  return expiresAt === null ? Infinity : Date.parse(expiresAt);
}

/** That a key lives no longer than the time within which it would count as expiring, and what counts in its place. */
export function wholeLifeWarnings({ holders, keyOf }: SeenKeys, wish: DueWish): string[] {
  const keys = new Set(
    holders.filter((one) => one.chosen).map(({ credential }) => keyOf(credential.password)),
  );
  return [...keys]
    .filter((key) => isWholeLife(key, wish))
    .map(
      (key) =>
        `--if-expiring-within ${formatDuration(wish.ifExpiringWithinMs ?? 0)} is as long as the key ${key.keyId} lives, or longer, so that every run would replace it: for this key it counts as ${formatDuration(renewalWindowMs(lifeOf(key)))}`,
    );
}

/**
 * Whether a key would count as expiring from its first day, and the next one as well, for it lives as long: every run
 * would replace the key of the run before. Refused is that only where the next one's life is given: a key becomes
 * short-lived by a new policy of the tenant, and a daily job that ended there would let it expire.
 */
function isWholeLife(key: SeenKey, { ifExpiringWithinMs, expiresInMs }: DueWish): boolean {
  if (ifExpiringWithinMs === undefined || typeof expiresInMs === "number") return false;
  const { startDateTime, endDateTime } = key.listed ?? {};
  if (!startDateTime || !endDateTime) return false;
  return endDateTime.getTime() - startDateTime.getTime() <= ifExpiringWithinMs;
}

function lifeOf({ listed }: SeenKey) {
  return { createdAt: timeText(listed?.startDateTime), expiresAt: timeText(listed?.endDateTime) };
}
