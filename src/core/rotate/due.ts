import { renewalWindowMs } from "../../domain/renewal.ts";
import { timeText } from "../../domain/time-text.ts";
import type { Holder } from "../cluster/holders.ts";
import type { RotateInput } from "./contract.ts";
import type { SeenKey, SeenKeys } from "./look.ts";

/** Whether it is time to replace a key: with `--if-due`, in the last third of its life. */
export function isDue(
  key: SeenKey,
  { now }: Pick<SeenKeys, "now">,
  { ifDue }: Pick<RotateInput, "ifDue">,
): boolean {
  return !ifDue || endOf(key) - now.getTime() <= renewalWindowMs(lifeOf(key));
}

/** When a key ends, in milliseconds since 1970; infinity if its end is not known. */
export function endOf({ expiresAt }: SeenKey): number {
  return expiresAt === null ? Infinity : Date.parse(expiresAt);
}

/** When the key that these secrets were changed over from may be removed, in milliseconds since 1970. */
export function retirementDueAt(changedOver: readonly Holder[], keys: SeenKeys): number {
  return Math.min(latestEnd(changedOver, keys), latestRetirement(changedOver, keys));
}

/**
 * When the marks of all of them allow the old key to be removed, in milliseconds since 1970. The grace period begins
 * when the cluster holds the new key: with a manifest, when somebody has applied it.
 */
function latestEnd(changedOver: readonly Holder[], { applied, keyOf }: SeenKeys): number {
  const end = Math.max(...changedOver.map(({ mark }) => Date.parse(mark.retire?.after ?? "")));
  const begun = changedOver.flatMap(({ credential, second }) =>
    second ? (keyOf(credential.password).listed?.startDateTime?.getTime() ?? []) : [],
  );
  if (applied.at === undefined || begun.length === 0) return end;
  return Math.max(end, applied.at + (end - Math.max(...begun)));
}

const retiredByThen = 0.9;

/**
 * When the old key is removed whatever a mark says: when a tenth of the life of the key in use is left. Otherwise,
 * the key in use could not be renewed in time, and anybody who may write one secret could let all of them expire.
 */
function latestRetirement(changedOver: readonly Holder[], { keyOf }: SeenKeys): number {
  const ends = changedOver.flatMap(({ credential }) => {
    const { startDateTime, endDateTime } = keyOf(credential.password).listed ?? {};
    if (!startDateTime || !endDateTime) return [];
    const start = startDateTime.getTime();
    return [start + retiredByThen * (endDateTime.getTime() - start)];
  });
  return ends.length > 0 ? Math.max(...ends) : Infinity;
}

function lifeOf({ listed }: SeenKey) {
  return { createdAt: timeText(listed?.startDateTime), expiresAt: timeText(listed?.endDateTime) };
}
