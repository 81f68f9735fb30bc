import { timeText } from "../../domain/time-text.ts";
import { isLingering } from "./change-over.ts";
import type { KeyWork } from "./key-work.ts";
import type { SeenKeys } from "./look.ts";
import type { ChangeOver, NextStep, Retirement } from "./decide.ts";
import type { Row } from "./result.ts";
import type { Retired } from "./retire-block.ts";

/** The result for one application's keys: a row for each key that was replaced or retired. */
export class Rows {
  readonly #rows: Row[];

  /** @param rows the rows to add to */
  constructor(rows: Row[]) {
    this.#rows = rows;
  }

  /** Records a change-over, as far as it was done. */
  recordChange(step: ChangeOver, { keys, changed, written, swept }: KeyWork): void {
    if (!changed || ![...written.values()].some(({ action }) => action !== "failed")) return;
    const { to, after } = changed;
    const base = rowFor(keys, { keyId: to.keyId, expiresAt: to.expiresAt });
    for (const key of replacedBy(step, keys)) {
      const { keyId } = key;
      this.#succeed(keyId, base);
      const goesLater = key.alive || (keyId !== to.keyId && isLingering(key, keys));
      // Somebody removed a key that is refused and listed nowhere.
      const isGone = keyId !== null && (key.listed === undefined || swept.includes(keyId));
      const retired = !goesLater && isGone;
      this.#rows.push({
        ...base,
        state: goesLater ? "pending" : "rotated",
        replaced: keyId,
        retireAfter: goesLater ? timeText(after) : null,
        retired,
        ...(retired && { retirement: key.listed === undefined ? "refused" : "untried" }),
        ...(goesLater && foreseenBlock(keys)),
      });
    }
  }

  /** Updates rows that name a key as in use when another key has replaced it. */
  #succeed(keyId: string | null, next: Pick<Row, "keyId" | "expiresAt">): void {
    for (const [index, row] of this.#rows.entries()) {
      const isInUse = row.keyId === keyId && keyId !== null && row.state !== "failed";
      if (isInUse) this.#rows[index] = { ...row, keyId: next.keyId, expiresAt: next.expiresAt };
    }
  }

  /** Records a retirement: in the row of its change-over, if this run did that too. */
  recordRetirement(step: Retirement, keys: SeenKeys, { retired, evidence, blocked, error }: Retired): void {
    const rows = this.#rows;
    const begun = rows.findLastIndex(({ replaced, state }) => replaced === step.keyId && state === "pending");
    const { retireBlocked: _foreseen, ...standing } = rows[begun] ?? begunRow(step, keys);
    const row: Row = {
      ...standing,
      ...(error || blocked === "not-applied" ? {} : { state: "rotated" }),
      retired,
      ...(evidence && { retirement: evidence }),
      ...(blocked && { retireBlocked: blocked }),
    };
    if (begun >= 0) rows[begun] = row;
    else rows.push(row);
  }

  /** Records keys for which nothing is done, unless they have a row already. */
  recordStanding(because: Extract<NextStep, { kind: "none" }>["because"], keys: SeenKeys): void {
    if (this.#rows.length > 0 && because !== "pending") return;
    if (this.#rows.some(({ state }) => state === "pending")) return;
    const isPending = because === "pending";
    this.#rows.push({
      ...standingRow(keys, isPending ? "pending" : "unchanged"),
      ...(isPending && foreseenBlock(keys)),
    });
  }
}

/** The keys that a change-over takes out of use. */
function replacedBy({ holders }: ChangeOver, { keyOf }: SeenKeys) {
  return new Set(holders.map(({ credential }) => keyOf(credential.password)));
}

function begunRow({ holders, keyId }: Retirement, keys: SeenKeys): Row {
  const first = holders[0] ?? keys.holders[0];
  const key = first && keys.keyOf(first.credential.password);
  return {
    ...rowFor(keys, { keyId: key?.keyId ?? null, expiresAt: key?.expiresAt ?? null }),
    state: "pending",
    replaced: keyId,
    retireAfter: first?.mark.retire?.after ?? null,
    retired: false,
  };
}

function rowFor({ seen, registry, loginServer, appId }: SeenKeys, key: Pick<Row, "keyId" | "expiresAt">) {
  return { clusterId: seen.clusterId, registry, loginServer, appId, ...key };
}

/** When the old key may be retired, in milliseconds since 1970; undefined if none is to be retired. */
export function dueOf({ holders }: SeenKeys): number | undefined {
  const times = holders.flatMap(({ mark }) => (mark.retire ? [Date.parse(mark.retire.after)] : []));
  return times.length > 0 ? Math.max(...times) : undefined;
}

/**
 * What will block the retirement of the old key when it is due, unless somebody with more rights runs `rotate` then.
 */
function foreseenBlock({ seen }: SeenKeys): Pick<Row, "retireBlocked"> {
  return seen.whole ? {} : { retireBlocked: "cannot-see-all-namespaces" };
}

/** The row of keys for which nothing was done. */
export function standingRow(keys: SeenKeys, state: Row["state"]): Row {
  const { holders, keyOf, seen, registry, loginServer, appId } = keys;
  const chosen = holders.find((one) => one.mark.retire) ?? holders.find((one) => one.chosen) ?? holders[0];
  const key = chosen && keyOf(chosen.credential.password);
  const due = dueOf(keys);
  return {
    clusterId: seen.clusterId,
    registry,
    loginServer,
    appId,
    keyId: key?.keyId ?? null,
    expiresAt: key?.expiresAt ?? null,
    state,
    replaced: chosen?.mark.retire?.keyId ?? null,
    retireAfter: due === undefined ? null : timeText(new Date(due)),
    retired: false,
  };
}
