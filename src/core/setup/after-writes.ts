import { ActionableError } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { declinedHalfWay, halfDone } from "../ending.ts";
import { BusyError } from "../turn/busy.ts";
import type { SetupOutcome } from "./contract.ts";
import type { JobRecord } from "./result.ts";

/*
 * A run that made way for another one may already have written something when it looks again. Whatever it meets after
 * that is no longer a refusal, because a refusal says that nothing was written.
 */

/** Another run continues in place of this one. */
export class OvertakenError extends BusyError {
  /** Ids of the applications that this run had made. */
  readonly made: readonly string[];

  constructor({ secret }: BusyError, records: readonly JobRecord[]) {
    super(secret);
    this.made = records.flatMap(({ application, made }) => (application && made ? application.appId : []));
  }
}

/** The error of a run that has written something, as it ends. */
export function afterWritesError(error: unknown): unknown {
  return error instanceof ActionableError && !(error instanceof BusyError) ? halfDone(error) : error;
}

/**
 * The outcome of a run that had written something before its last look.
 * @throws ActionableError `setup.declined`, exit 4, if a person did not agree to what was left to do
 */
export function afterWrites(outcome: SetupOutcome): SetupOutcome {
  if (outcome.kind === "declined") {
    throw declinedHalfWay("setup.declined", "Not confirmed. What an earlier part of the run made stays.");
  }
  const isDone = outcome.kind !== "finished" || outcome.exitCode === exitCode.ok;
  return isDone || outcome.error?.code === "busy" ? outcome : { ...outcome, exitCode: exitCode.incomplete };
}
