import type { Report } from "../../core/progress.ts";
import type { ExitCode } from "../../domain/exit-code.ts";
import type { Failure } from "./failure.ts";
import type { Line } from "./terminal.ts";

/** How much is shown. */
export interface Detail {
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly debug: boolean;
}

/** How a command ended, in every form that may be asked for. */
export interface Answer {
  readonly command: string;
  readonly exitCode: ExitCode;
  /** The fields of the published contract, without the envelope. */
  readonly document: Readonly<Record<string, unknown>>;
  /** For people, on stdout. Made only if a person reads them. */
  readonly lines: () => readonly Line[];
  /** Why it is not completely done. */
  readonly failure?: Failure | undefined;
}

/** Shows a run: progress while it lasts, then one answer or one failure. */
export interface View {
  readonly report: Report;
  /** Lines that somebody must see before continuing, such as a plan to agree to. */
  notice(lines: readonly Line[]): void;
  answer(answer: Answer): void;
  /** Shows that nothing was done, or that it is not known what was done. */
  failure(command: string | undefined, failure: Failure): void;
  /** Steps that began and did not end, in words. */
  unfinished(): readonly string[];
  /** Removes the status line. */
  close(): void;
}
