/** What was or will be done to one thing, in the words of the published contract. */
export type Action =
  "created" | "reused" | "copied" | "updated" | "unchanged" | "removed" | "kept" | "failed" | "skipped";

/** One line of a plan. Only data, without secrets: `before` and `after` are what a reader compares. */
export interface PlannedChange {
  /** What it is about: `application acr-pull-myregistry-1234abcd`, `secret kind/awesomeapps/acr-secret`. */
  readonly target: string;
  readonly action: Action;
  readonly before: unknown;
  readonly after: unknown;
}

const standing: ReadonlySet<Action> = new Set(["unchanged", "reused", "kept", "skipped", "failed"]);

/** Whether carrying out these lines would write anything or, for lines that were carried out, did. */
export function hasChanges(changes: ReadonlyArray<Pick<PlannedChange, "action">>): boolean {
  return changes.some((change) => !standing.has(change.action));
}
