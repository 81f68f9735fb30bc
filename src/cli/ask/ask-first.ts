import type { Report } from "../../core/progress.ts";
import type { GivenOptions } from "../options/answers.ts";
import type { CommandContext } from "../command.ts";
import type { Connections } from "../connections.ts";
import { InterruptedError } from "../interruption.ts";
import { interruptedAtQuestion } from "../stoppable.ts";

/** Asks a person what a command was not given. */
export interface Asking<Asked> {
  /** Hears the run. */
  readonly report: Report;
  /** What was given and answered so far. */
  readonly given: GivenOptions;
  /** @throws InterruptedError for Ctrl-C, and what stopped a question for good */
  run(connections: Connections): Promise<Asked>;
}

/** What a run goes on with. */
export interface AskedFirst<Asked> {
  readonly report: Report;
  readonly connections: Connections;
  /** Undefined where nobody could be asked. */
  readonly asked: Asked | undefined;
}

/**
 * Connects, and asks first where somebody is there to be asked.
 * @param open loads what asks: a run without a terminal does not need it
 * @param again the command line that goes on from what was answered so far
 */
export async function askFirst<Asked>(
  context: Pick<CommandContext, "terminal" | "view" | "connect" | "signal">,
  open: () => Promise<Asking<Asked>>,
  again: (given: GivenOptions) => string,
): Promise<AskedFirst<Asked>> {
  const asking = context.terminal.interactive ? await open() : undefined;
  const report = asking?.report ?? context.view.report;
  const connections = context.connect(report, context.signal);
  const asked = await asking?.run(connections).catch((error: unknown) => {
    if (!(error instanceof InterruptedError)) throw error;
    throw interruptedAtQuestion(error, again(asking.given));
  });
  return { report, connections, asked };
}
