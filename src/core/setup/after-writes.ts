import { ActionableError } from "../../domain/errors.ts";
import { exitCode, type ExitCode } from "../../domain/exit-code.ts";
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

const goesOn = "Run the same command again: it goes on from here.";

/** What ends a run that has written something. */
export function halfWay(error: unknown): unknown {
  if (!(error instanceof ActionableError) || !saysUnwritten(error.exitCode)) return error;
  const { code, message, hint = goesOn, docs, requestId, retryable } = error;
  return new ActionableError(
    message,
    { code, hint, docs, requestId, retryable, exitCode: exitCode.incomplete },
    { cause: error },
  );
}

/**
 * How a run ended that has written something before.
 * @throws ActionableError `setup.declined`, exit 4, when what was still to do was not agreed to
 */
export function afterWrites(outcome: SetupOutcome): SetupOutcome {
  if (outcome.kind === "declined") {
    throw new ActionableError("Not agreed to; what an earlier part of the run made stays.", {
      code: "setup.declined",
      hint: goesOn,
      exitCode: exitCode.incomplete,
    });
  }
  if (outcome.kind !== "finished" || !saysUnwritten(outcome.exitCode)) return outcome;
  return { ...outcome, exitCode: exitCode.incomplete };
}

function saysUnwritten(code: ExitCode): boolean {
  return code === exitCode.usage || code === exitCode.notAllowed;
}
