import type { Finished, ResultSecret } from "../ending.ts";
import { ActionableError } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { targetName } from "../turn/pull-secret.ts";
import type { ResultRotation, RotateOutcome, RotateResult } from "./contract.ts";
import type { MadeKey, WrittenTarget } from "./key-work.ts";
import type { LeftOut } from "../cluster/view.ts";
import type { SurveyedKeys } from "./look.ts";

/** One row of the result, for one of the contexts. */
export type Row = Omit<ResultRotation, "context">;

/** What became of the keys of one application. */
export interface KeysRecord {
  readonly keys: SurveyedKeys;
  readonly rows: Row[];
  readonly written: Map<string, WrittenTarget>;
  readonly swept: string[];
  /** Keys that were made, and that no secret is known to hold. */
  readonly unwritten: MadeKey[];
  wrote: boolean;
  error?: unknown;
}

/** The document of what was done, however it ended. */
export function resultOf(records: readonly KeysRecord[]): RotateResult {
  return {
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

/** The document of a finished run, and how it ended. */
export function finishedOutcome(records: readonly KeysRecord[], leftOut: readonly LeftOut[]): RotateOutcome {
  const result = resultOf(records);
  const error = ending(records, leftOut);
  return error
    ? { kind: "finished", result, exitCode: error.exitCode, error }
    : { kind: "finished", result, exitCode: exitCode.ok };
}

/** Keys that were found left over; one that was replaced by this run is told with what replaced it. */
function sweptKeys({ keys, rows, swept }: KeysRecord): RotateResult["sweptKeys"] {
  const replaced = new Set(rows.map((row) => row.replaced));
  return swept.filter((keyId) => !replaced.has(keyId)).map((keyId) => ({ appId: keys.appId, keyId }));
}

function secretsOf({ keys, written }: KeysRecord): ResultSecret[] {
  const untouched = keys.holders
    .filter(({ target }) => !written.has(targetName(target)))
    .map(({ target }): WrittenTarget => ({ target, action: "unchanged" }));
  return [...written.values(), ...untouched].map(({ target, action, error }) => ({
    context: target.cluster.context,
    namespace: target.namespace,
    name: target.name,
    action,
    ...(error && {
      error: {
        code: error.code,
        message: error.message,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      },
    }),
  }));
}

function ending(
  records: readonly KeysRecord[],
  leftOut: readonly LeftOut[],
): (NonNullable<Finished<RotateResult>["error"]> & Pick<Finished<RotateResult>, "exitCode">) | undefined {
  const wrote = records.some((record) => record.wrote);
  const failures = [...records.flatMap(({ error }) => (error === undefined ? [] : [{ error }])), ...leftOut];
  const [first, ...more] = failures;
  if (!first) return undefined;
  const bug = failures.find(({ error }) => !(error instanceof ActionableError));
  if (bug) throw bug.error;
  const { code, message, hint, docs, requestId, retryable, exitCode: own } = first.error as ActionableError;
  const all = [message, ...more.map(({ error }) => (error as ActionableError).message)].join("\n");
  // Another run went on in place of this one: nothing is half done, unless a part of it was done before.
  const didSome = records.some(({ rows }) =>
    rows.some(({ state }) => state !== "failed" && state !== "unchanged"),
  );
  const incomplete = (code === "busy" ? didSome : wrote) || (leftOut.length > 0 && records.length > 0);
  return {
    code,
    message: all,
    hint: hint ?? (incomplete ? "Run the same command again: it goes on from here." : undefined),
    docs,
    requestId,
    retryable,
    cause: first.error,
    exitCode: incomplete ? exitCode.incomplete : own,
  };
}
