import { exitCode } from "../domain/exit-code.ts";
import type { CommandContext } from "./command.ts";
import { InterruptedError } from "./interruption.ts";

/** Lets a run go on with a signal that also ends with it: what is still asked of a service then, nobody waits for. */
export async function untilOver<T>(
  context: CommandContext,
  run: (context: CommandContext) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  try {
    return await run({ ...context, signal: AbortSignal.any([context.signal, over.signal]) });
  } finally {
    over.abort();
  }
}

/** Asks a person amid the work whether to carry it out. */
type WhileAsking = (ask: () => Promise<boolean>) => Promise<boolean>;

/** How a run that is stopped is gone on with. */
interface GoingOn {
  /** Whether consent was given before the work began. */
  readonly agreed: boolean;
  /** The command line that goes on where it stopped, and asks for what is not said where that is wanted. */
  readonly command: (how: { readonly asking: boolean }) => string;
}

/**
 * Carries work out that comes to a safe point when it is told to stop: says so at once, and at the end what was not
 * finished and how to go on. The command for that holds consent only where it was given: whoever stops at the question
 * has just withheld it.
 * @throws InterruptedError when it was told to stop, whatever the work failed with because of that
 */
export async function stoppable<T>(
  work: (whileAsking: WhileAsking) => Promise<T>,
  { view, signal }: Pick<CommandContext, "view" | "signal">,
  { agreed: agreedBefore, command }: GoingOn,
): Promise<T> {
  let asking = false;
  let agreed = agreedBefore;
  // A question may come a second time, after a part of the work was done.
  let written = agreedBefore;
  let stoppedUnwritten = false;
  const stopping = () => {
    // At a question nothing is under way, so that the run stops at once; and the line is the question's.
    if (!asking) view.report({ kind: "note", level: "warning", text: stoppingText(signal.reason) });
  };
  signal.addEventListener("abort", stopping, { once: true });
  try {
    return await work(async (ask) => {
      asking = true;
      agreed = false;
      try {
        agreed = await ask();
      } catch (error) {
        stoppedUnwritten = !written;
        throw error;
      } finally {
        asking = false;
      }
      written ||= agreed;
      return agreed;
    });
  } catch (error) {
    if (!signal.aborted && !(error instanceof InterruptedError)) throw error;
    const state = stoppedUnwritten ? [nothingWritten] : unfinishedLines(view.unfinished());
    throw interrupted(signal.aborted ? signal.reason : error, state, { agreed, command });
  } finally {
    signal.removeEventListener("abort", stopping);
  }
}

/** Ctrl-C at a question: what was answered so far need not be answered again. */
export function interruptedAtQuestion({ exitCode: code }: InterruptedError, again: string): InterruptedError {
  return new InterruptedError(code, [nothingWritten], `To go on from here: ${again}`);
}

const nothingWritten = "Nothing was written.";

function unfinishedLines(unfinished: readonly string[]): string[] {
  return unfinished.map((text) => `not finished: ${text}`);
}

function stoppingText(reason: unknown): string {
  const byKey = !(reason instanceof InterruptedError) || reason.exitCode === exitCode.interrupted;
  return `stopping as soon as it is safe; ${byKey ? "Ctrl-C again" : "a second signal"} stops at once`;
}

/** How it stands, and how to go on; the steps that were done have been told. */
function interrupted(
  reason: unknown,
  state: readonly string[],
  { agreed, command }: GoingOn,
): InterruptedError {
  const code = reason instanceof InterruptedError ? reason.exitCode : undefined;
  const hint = agreed
    ? `To go on where it stopped: ${command({ asking: false })}`
    : `To go on from here: ${command({ asking: true })}`;
  return new InterruptedError(code, state, hint);
}
