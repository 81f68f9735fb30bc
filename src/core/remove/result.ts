import type { PullCredential } from "../../domain/docker-config.ts";
import type { ActionableError } from "../../domain/errors.ts";
import type { LeftOut } from "../cluster/view.ts";
import { endingBy, resultError } from "../ending.ts";
import type { RemoveOutcome, RemovedItem } from "./contract.ts";
import type { Removal } from "./look.ts";

/** A key that was removed, to be tried. */
export interface RemovedKeyRecord {
  readonly keyId: string;
  /** The application that had it, by its object id. */
  readonly objectId: string;
  readonly loginServer: string;
  /** What secrets held that may be its password; none when it is not known any more. */
  readonly credentials: readonly PullCredential[];
}

/** What became of everything so far, in the order in which it happened. */
export class Records {
  items: RemovedItem[] = [];
  /** Every thing that was to go when it was last looked, as one that was not come to. */
  toGo: readonly RemovedItem[] = [];
  failures: ActionableError[] = [];
  readonly removedKeys: RemovedKeyRecord[] = [];
  /** Whether anything was asked to change. */
  wrote = false;

  /** What became of a thing takes the place of what had become of it before; why it stays is told of each cluster. */
  add(item: RemovedItem): void {
    this.items = this.items.filter((one) => one.action === "kept" || !isSameThing(one, item));
    this.items.push(item);
  }

  /** What became of everything, of a run that does not come to its end also of what it has not come to. */
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

  /** Notes by what a removed key is known to be gone. */
  noteEvidence(keyId: string, evidence: NonNullable<RemovedItem["evidence"]>): void {
    this.items = this.items.map((item) =>
      item.kind === "key" && item.id === keyId && item.action === "removed" ? { ...item, evidence } : item,
    );
  }

  /** What was not done is looked at anew. */
  forgetStanding(): void {
    this.items = this.items.filter(({ action }) => action === "removed" || action === "updated");
    this.failures = [];
  }

  /** Notes that one thing could not be removed. */
  fail(item: Omit<RemovedItem, "action" | "error">, error: ActionableError): void {
    // What was done to it by then goes on being true.
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

/** Every thing that was to go, or to lose what is acr-pull's in it, as one that was not come to. */
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

/** The document of a finished run, and how it ended. */
export function finishedOutcome(records: Records, leftOut: readonly LeftOut[]): RemoveOutcome {
  const failures = [...records.failures, ...leftOut.map(({ error }) => error)];
  const result = { removed: records.all(records.failures.length === 0) };
  return { kind: "finished", result, ...endingBy(failures, records.wrote || records.items.length > 0) };
}
