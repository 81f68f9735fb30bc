import pMap from "p-map";
import { heldText } from "../../domain/held-text.ts";
import { isFailureOfOne } from "../cluster/failure-of-one.ts";
import { writable, type Target } from "../cluster/read-targets.ts";
import { removeLink, type ServiceAccountLink } from "../cluster/service-account.ts";
import type { MarkedSecret } from "../turn/entry-removal.ts";
import { targetName } from "../turn/pull-secret.ts";
import { removeEntry, type EntryRemoved } from "../turn/remove-entry.ts";
import type { Turn } from "../turn/turn.ts";
import type { Removing } from "./act.ts";
import type { Removal } from "./look.ts";
import type { Records } from "./result.ts";
import { atOnce } from "../at-once.ts";

/** Does the same work on several things of one cluster at once. */
export class Several {
  readonly #clusterId: string;
  readonly #run: Removing;
  readonly #turn: Turn;

  constructor({ seen }: Removal, run: Removing, turn: Turn) {
    this.#clusterId = seen.clusterId;
    this.#run = run;
    this.#turn = turn;
  }

  /** @throws BusyError if another run took over from this one */
  async unlink(links: readonly ServiceAccountLink[]): Promise<void> {
    await this.each("service accounts unlinked", links, async (link) => {
      const { cluster, namespace, account: id } = link;
      const item = { kind: "service-account", id, context: cluster.context, namespace } as const;
      await this.noting(item, async () => {
        await this.#turn.ensureHeld();
        await removeLink(writable(link, this.#run.ports), this.#turn.signal);
        this.#run.records.add({ ...item, action: "updated" });
      });
    });
  }

  /**
   * Takes entries out of their secrets.
   * @throws BusyError if another run took over from this one
   */
  async removeEntries(entries: readonly MarkedSecret[]): Promise<void> {
    await this.each("secrets done", entries, async (entry) => {
      const { target } = entry;
      const { cluster, namespace, name: id } = target;
      const item = { kind: "secret", id, context: cluster.context, namespace } as const;
      await this.noting(item, async () => {
        const removed = await removeEntry(this.#turn, entry);
        const { action } = removed;
        const why = action === "updated" && removed.why !== undefined ? { reason: removed.why } : {};
        const heldBy = action === "updated" && removed.finalizers ? { heldBy: removed.finalizers } : {};
        this.#run.records.add({ ...item, action, ...why, ...heldBy });
        this.#run.report({
          kind: "done",
          id: `secret ${targetName(target)}`,
          text: entryText(target, removed),
        });
      });
    });
  }

  /** Works on several things at once, and reports how many are done. */
  async each<T>(what: string, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
    const { report } = this.#run;
    const id = `${this.#clusterId} ${what}`;
    let done = 0;
    await pMap(
      items,
      async (item) => {
        await work(item);
        done += 1;
        if (items.length > 1) {
          report({ kind: "advanced", id, text: `${done} of ${items.length} ${what}` });
        }
      },
      atOnce,
    );
    report({ kind: "ended", id });
  }

  /** Notes a failure, and lets the others continue. */
  async noting(item: Parameters<Records["fail"]>[0], work: () => Promise<void>): Promise<void> {
    const { records, report } = this.#run;
    try {
      await work();
    } catch (error) {
      if (!isFailureOfOne(error, this.#turn.signal)) throw error;
      records.fail(item, error);
      const name = `${item.context}/${item.namespace}/${item.id}`;
      report({
        kind: "failed",
        id: `${item.kind} ${name}`,
        text: `${name} was not changed: ${error.message}`,
      });
    }
  }
}

function entryText(target: Target, removed: EntryRemoved): string {
  const name = targetName(target);
  if (removed.action === "removed") return `Deleted the secret ${name}`;
  const taken = `Removed the entry from the secret ${name}`;
  const { finalizers } = removed;
  return finalizers ? `${taken}, which is being deleted${heldText(finalizers)}` : taken;
}
