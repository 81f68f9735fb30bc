import { ActionableError } from "../../domain/errors.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { declinedHalfWay, halfDone } from "../ending.ts";
import { BusyError } from "../turn/busy.ts";
import type { SetupOutcome } from "./contract.ts";
import type { JobRecord } from "./result.ts";

/*
 * A run that made way for another one may have written something, and then looks again. Whatever it meets after that
 * is no refusal any more, for a refusal says that nothing was written.
 */

/** Another run went on in place of this one. */
export class OvertakenError extends BusyError {
  /** Ids of the applications that it had made. */
  readonly made: readonly string[];

  constructor({ secret }: BusyError, records: readonly JobRecord[]) {
    super(secret);
    this.made = records.flatMap(({ application, made }) => (application && made ? application.appId : []));
  }
}

/** What ends a run that has written something. */
export function afterWritesError(error: unknown): unknown {
  return error instanceof ActionableError && !(error instanceof BusyError) ? halfDone(error) : error;
}

/**
 * How a run ended that has written something before.
 * @throws ActionableError `setup.declined`, exit 4, when what was still to do was not agreed to
 */
export function afterWrites(outcome: SetupOutcome): SetupOutcome {
  if (outcome.kind === "declined") {
    throw declinedHalfWay("setup.declined", "Not confirmed. What an earlier part of the run made stays.");
  }
  const isDone = outcome.kind !== "finished" || outcome.exitCode === exitCode.ok;
  return isDone || outcome.error?.code === "busy" ? outcome : { ...outcome, exitCode: exitCode.incomplete };
}
