import { ActionableError } from "../domain/errors.ts";
import { exitCode, type ExitCode } from "../domain/exit-code.ts";

/** The parts of a process that deal with signals. */
export interface SignalSource {
  readonly pid: number;
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  kill(pid: number, signal: NodeJS.Signals): unknown;
}

/** The run was asked to stop, by a signal or by Ctrl-C at a question. */
export class InterruptedError extends ActionableError {
  /** @param state lines that say what was done and what was not */
  constructor(code: ExitCode = exitCode.interrupted, state: readonly string[] = [], hint?: string) {
    super(["Stopped before the end.", ...state].join("\n"), {
      code: "interrupted",
      hint,
      retryable: true,
      exitCode: code,
    });
    this.name = "InterruptedError";
  }
}

const endings: Readonly<Partial<Record<NodeJS.Signals, ExitCode>>> = {
  SIGINT: exitCode.interrupted,
  SIGTERM: exitCode.terminated,
  SIGHUP: exitCode.terminated,
};

/** Listens for the signals that ask a program to stop. */
export interface Interruption {
  /** Aborted by the first signal, with an InterruptedError. */
  readonly signal: AbortSignal;
  /** Stops listening. */
  readonly close: () => void;
}

/**
 * The first signal asks the run to stop at a safe point. The second ends the process at once, as the signal alone would.
 * @param onEnd called just before that; what it writes to a terminal still arrives
 */
export function watchSignals(source: SignalSource, onEnd: () => void = () => {}): Interruption {
  const controller = new AbortController();
  const listener = (received: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      close();
      onEnd();
      source.kill(source.pid, received);
      return;
    }
    controller.abort(new InterruptedError(endings[received]));
  };
  const signals = Object.keys(endings) as NodeJS.Signals[];
  const close = () => {
    for (const name of signals) source.off(name, listener);
  };
  for (const name of signals) source.on(name, listener);
  return { signal: controller.signal, close };
}

/** Waits until {@link Interruption.signal} is aborted, and returns its exit code. */
export async function exitCodeOf(signal: AbortSignal): Promise<ExitCode> {
  if (!signal.aborted) {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  }
  return (signal.reason as InterruptedError).exitCode;
}
