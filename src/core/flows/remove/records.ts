import type { ActionableError } from "../../../domain/errors.ts";
import type { PullCredential } from "../../../domain/docker-config.ts";
import type { RemovedItem } from "../remove-contract.ts";

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
  failures: ActionableError[] = [];
  readonly removedKeys: RemovedKeyRecord[] = [];
  /** Whether anything was asked to change. */
  wrote = false;

  add(item: RemovedItem): void {
    this.items.push(item);
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
    const { code, message, hint } = error;
    this.items.push({
      ...item,
      action: "failed",
      error: { code, message, ...(hint === undefined ? {} : { hint }) },
    });
    this.failures.push(error);
  }
}
