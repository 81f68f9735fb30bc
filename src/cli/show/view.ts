import type { Report } from "../../core/progress.ts";
import type { ExitCode } from "../../domain/exit-code.ts";
import type { Failure } from "./failure.ts";
import type { Outputs } from "./outputs.ts";
import type { Line } from "./terminal.ts";

/** How much is told. */
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
  /** For people, on stdout; made only where a person reads. */
  readonly lines: () => readonly Line[];
  /** Whether they go to stderr, because stdout holds documents that were asked for. */
  readonly aside?: boolean;
  /** What it lists, by name, for `-o name`; made only then. */
  readonly names?: (() => readonly string[]) | undefined;
  /** What later steps of a pipeline can use; absent where the command has nothing of the kind. */
  readonly outputs?: Outputs;
  /** Why it is not wholly done. */
  readonly failure?: Failure | undefined;
}

/** Shows a run: progress while it lasts, then one answer or one failure. */
export interface View {
  readonly report: Report;
  /** Lines that somebody must see before going on, such as a plan to agree to. */
  notice(lines: readonly Line[]): void;
  answer(answer: Answer): void;
  /** Nothing was done, or it is not known what. */
  failure(command: string | undefined, failure: Failure): void;
  /** Steps that began and did not end, in words. */
  unfinished(): readonly string[];
  /** Takes the status line away. */
  close(): void;
}
