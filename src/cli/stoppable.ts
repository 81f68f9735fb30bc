import { exitCode } from "../domain/exit-code.ts";
import type { CommandContext } from "./command.ts";
import { InterruptedError } from "./interruption.ts";

/** Runs with a signal that is also aborted when the run ends, so that no request outlives it. */
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

/** Asks a person, in the middle of the work, whether to go ahead. */
type WhileAsking = (ask: () => Promise<boolean>) => Promise<boolean>;

/** How to resume a run that was stopped. */
interface Resumption {
  /** Whether consent was given before the work began. */
  readonly agreed: boolean;
  /** The command line that resumes the run; with `asking`, it asks for what it does not say. */
  readonly command: (how: { readonly asking: boolean }) => string;
}

/**
 * Runs work that stops at a safe point when told to. Says at once that it is stopping, and at the end what is
 * unfinished and how to resume. The command for that includes consent only if it was given: a person who stops at the
 * question has just withheld it.
 * @throws InterruptedError if it was told to stop, whatever error that caused in the work
 */
export async function stoppable<T>(
  work: (whileAsking: WhileAsking) => Promise<T>,
  { view, signal }: Pick<CommandContext, "view" | "signal">,
  { agreed: agreedBefore, command }: Resumption,
): Promise<T> {
  let asking = false;
  let agreed = agreedBefore;
  // A second question may come after part of the work is done.
  let written = agreedBefore;
  let stoppedUnwritten = false;
  const stopping = () => {
    // At a question nothing else is running, so the run stops at once. The screen belongs to the question.
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

/** For Ctrl-C at a question. The hint keeps the answers given so far. */
export function interruptedAtQuestion({ exitCode: code }: InterruptedError, again: string): InterruptedError {
  return new InterruptedError(code, [nothingWritten], `To continue: ${again}`);
}

const nothingWritten = "Nothing was written.";

function unfinishedLines(unfinished: readonly string[]): string[] {
  return unfinished.map((text) => `not finished: ${text}`);
}

function stoppingText(reason: unknown): string {
  const byKey = !(reason instanceof InterruptedError) || reason.exitCode === exitCode.interrupted;
  return `stopping as soon as it is safe; ${byKey ? "Ctrl-C again" : "a second signal"} stops at once`;
}

/** Says what is unfinished and how to resume. Finished steps have already been reported. */
function interrupted(
  reason: unknown,
  state: readonly string[],
  { agreed, command }: Resumption,
): InterruptedError {
  const code = reason instanceof InterruptedError ? reason.exitCode : undefined;
  const hint = agreed
    ? `To continue: ${command({ asking: false })}`
    : `To continue: ${command({ asking: true })}`;
  return new InterruptedError(code, state, hint);
}
