import { ActionableError } from "../../domain/errors.ts";
import type { LeftOut } from "../cluster/view.ts";
import { endingBy, isHalfDone, resultError, type Ending, type ResultSecret } from "../ending.ts";
import { targetName } from "../turn/pull-secret.ts";
import type { SecretRecord } from "../turn/turn.ts";
import type { ResultRotation, RotateOutcome, RotateResult } from "./contract.ts";
import type { MadeKey } from "./key-work.ts";
import type { SeenKeys } from "./look.ts";

/** One row of the result, without its context. */
export type Row = Omit<ResultRotation, "context">;

/** What happened to the keys of one application. */
export interface KeysRecord {
  readonly keys: SeenKeys;
  readonly rows: Row[];
  readonly written: Map<string, SecretRecord>;
  readonly swept: string[];
  /** Keys that were made but that no secret is known to hold. */
  readonly unwritten: MadeKey[];
  wrote: boolean;
  error?: unknown;
}

/** The result document, however the run ended. */
export function resultOf(records: readonly KeysRecord[]): RotateResult {
  const manifest = records[0]?.keys.seen.cluster.manifest;
  return {
    ...(manifest && { manifest: manifest.name }),
    rotations: records.flatMap(({ keys, rows }) =>
      rows.flatMap((row) => keys.seen.contexts.map((context) => ({ context, ...row }))),
    ),
    secrets: records.flatMap(secretsOf),
    sweptKeys: records.flatMap(sweptKeys),
    unwrittenKeys: records.flatMap(({ keys, unwritten }) =>
      unwritten.map((key) => ({ appId: keys.appId, ...key })),
    ),
  };
}

/** The result document of a finished run, and how the run ended. */
export function finishedOutcome(records: readonly KeysRecord[], leftOut: readonly LeftOut[]): RotateOutcome {
  return { kind: "finished", result: resultOf(records), ...ending(records, leftOut) };
}

/** Keys that earlier runs left behind. A key that this run replaced has a row instead. */
function sweptKeys({ keys, rows, swept }: KeysRecord): RotateResult["sweptKeys"] {
  const replaced = new Set(rows.map((row) => row.replaced));
  return swept.filter((keyId) => !replaced.has(keyId)).map((keyId) => ({ appId: keys.appId, keyId }));
}

function secretsOf({ keys, written }: KeysRecord): ResultSecret[] {
  const untouched = keys.holders
    .filter(({ target }) => !written.has(targetName(target)))
    .map(({ target }): SecretRecord => ({ target, action: "unchanged" }));
  return [...written.values(), ...untouched].map(({ target, action, error }) => ({
    context: target.cluster.context,
    namespace: target.namespace,
    name: target.name,
    action,
    ...(error && { error: resultError(error) }),
  }));
}

function ending(records: readonly KeysRecord[], leftOut: readonly LeftOut[]): Ending {
  const failures = [...records.flatMap(({ error }) => error ?? []), ...leftOut.map(({ error }) => error)];
  const [first] = failures;
  const before = {
    wrote: records.some(({ wrote }) => wrote),
    didPart: records.some(({ rows }) =>
      rows.some(({ state }) => state !== "failed" && state !== "unchanged"),
    ),
  };
  const isPart = leftOut.length > 0 && records.length > 0;
  return endingBy(failures, isPart || (first instanceof ActionableError && isHalfDone(first, before)));
}
