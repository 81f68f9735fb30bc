import type { CheckStatus } from "../../core/checks/check.ts";
import type { CheckedSubject } from "../../core/verify/contract.ts";

/** How many checks ended how. */
export function countsOf(subjects: readonly CheckedSubject[]): Readonly<Record<CheckStatus, number>> {
  const counts = { pass: 0, warn: 0, fail: 0, skip: 0 };
  for (const { checks } of subjects) for (const { status } of checks) counts[status] += 1;
  return counts;
}
