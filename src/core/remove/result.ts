import type { PullCredential } from "../../domain/docker-config.ts";
import { ActionableError } from "../../domain/errors.ts";
import type { LeftOut } from "../cluster/view.ts";
import { endingBy, resultError } from "../ending.ts";
import type { RemoveOutcome, RemovedItem } from "./contract.ts";
import type { Removal } from "./look.ts";

/** A key that was removed and is to be tried. */
export interface RemovedKeyRecord {
  readonly keyId: string;
  /** The object id of the application that had it. */
  readonly objectId: string;
  readonly loginServer: string;
  /** What secrets held that may be its password; empty if its password is no longer known. */
  readonly credentials: readonly PullCredential[];
}

/** What has happened to everything so far, in order. */
export class Records {
  items: RemovedItem[] = [];
  /** Everything that was to be removed at the last look, as not reached yet. */
  toGo: readonly RemovedItem[] = [];
  failures: ActionableError[] = [];
  readonly removedKeys: RemovedKeyRecord[] = [];
  /** Whether the run tried to change anything. */
  wrote = false;

  /**
   * Replaces what was noted about the same thing before. Each reason to keep a thing stays: every cluster has its
   * own.
   */
  add(item: RemovedItem): void {
    this.items = this.items.filter((one) => one.action === "kept" || !isSameThing(one, item));
    this.items.push(item);
  }

  /** What has happened to everything. If the run did not finish, also what it did not reach. */
  all(isWhole: boolean): readonly RemovedItem[] {
    if (isWhole) return this.items;
    return [
      ...this.items,
      ...this.toGo.filter((thing) => !this.items.some((one) => isSameThing(one, thing))),
    ];
  }

  /** Notes that a key is removed. */
  addKey(key: RemovedKeyRecord): void {
    this.add({ kind: "key", id: key.keyId, action: "removed" });
    this.removedKeys.push(key);
  }

  /** Notes what shows that a removed key is gone. */
  noteEvidence(keyId: string, evidence: NonNullable<RemovedItem["evidence"]>): void {
    this.items = this.items.map((item) =>
      item.kind === "key" && item.id === keyId && item.action === "removed" ? { ...item, evidence } : item,
    );
  }

  /** Forgets what was not done, because the run looks at it again. */
  forgetStanding(): void {
    this.items = this.items.filter(({ action }) => action === "removed" || action === "updated");
    this.failures = [];
  }

  /** Notes that one thing could not be removed. */
  fail(item: Omit<RemovedItem, "action" | "error">, error: ActionableError): void {
    // What was already done to it stays true.
    const { reason } = this.items.find((one) => one.reason === "unfinished" && isSameThing(one, item)) ?? {};
    this.add({
      ...item,
      action: "failed",
      ...(reason && { reason }),
      error: resultError(error),
    });
    this.failures.push(error);
  }
}

type Thing = Pick<RemovedItem, "kind" | "id" | "context" | "namespace">;

function isSameThing(one: Thing, other: Thing): boolean {
  return (
    one.kind === other.kind &&
    one.id === other.id &&
    one.context === other.context &&
    one.namespace === other.namespace
  );
}

/** Everything that is to be removed, or to lose acr-pull's part in it, as not reached yet. */
export function thingsToGo(removals: readonly Removal[]): RemovedItem[] {
  return removals.flatMap(({ users, entries, verdicts }) => [
    ...users.links.map(({ cluster: { context }, namespace, account: id }) =>
      notReached({ kind: "service-account", id, context, namespace }),
    ),
    ...entries.entries.map(({ target: { cluster, namespace, name: id } }) =>
      notReached({ kind: "secret", id, context: cluster.context, namespace }),
    ),
    ...verdicts.flatMap(({ application, principal, keys, roles, keptBecause }) => [
      ...keys.map(({ keyId: id }) => notReached({ kind: "key", id })),
      ...roles.map(({ id }) => notReached({ kind: "role-assignment", id })),
      ...(principal && !keptBecause
        ? [notReached({ kind: "service-principal", id: principal.objectId })]
        : []),
      ...(keptBecause ? [] : [notReached({ kind: "application", id: application.appId })]),
    ]),
  ]);
}

function notReached(thing: Pick<RemovedItem, "kind" | "id" | "context" | "namespace">): RemovedItem {
  return { ...thing, action: "skipped" };
}

/** The result document of a finished run, and how the run ended. */
export function finishedOutcome(records: Records, leftOut: readonly LeftOut[]): RemoveOutcome {
  const unsure = records.items
    .filter(({ kind, reason }) => kind === "application" && reason === "not-seen")
    .map(({ id }) => notSeen(id));
  const failures = [...records.failures, ...unsure, ...leftOut.map(({ error }) => error)];
  const result = { removed: records.all(records.failures.length === 0) };
  return { kind: "finished", result, ...endingBy(failures, records.wrote || records.items.length > 0) };
}

/** Everything else may be gone. The application was to go too. */
function notSeen(appId: string): ActionableError {
  return new ActionableError(
    `The application ${appId} stays: the directory does not say whether something else can sign in as it.`,
    {
      code: "remove.application-not-seen",
      hint: `Run the same command again in a few minutes. If that does not help, make sure that nobody signs in as it, and delete it: az ad app delete --id ${appId}`,
      retryable: true,
    },
  );
}
