import type { ActionableError } from "../../../domain/errors.ts";
import type { RemovedItem } from "../remove-contract.ts";

/** What became of everything so far, in the order in which it happened. */
export class Records {
  items: RemovedItem[] = [];
  failures: ActionableError[] = [];
  /** Whether anything was asked to change. */
  wrote = false;

  add(item: RemovedItem): void {
    this.items.push(item);
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
