import type { Report } from "../../core/progress.ts";
import type { ExitCode } from "../../domain/exit-code.ts";
import type { Line, Terminal } from "./terminal.ts";
import { type Failure, failureLines } from "./failure.ts";
import type { OutputFormat } from "../options/shared-options.ts";
import { ProgressLines } from "./progress-lines.ts";

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

/** The view for a form of output; what the others need is not loaded. */
export async function openView(format: OutputFormat, detail: Detail, terminal: Terminal): Promise<View> {
  const progress = new ProgressLines(terminal.stderr, detail);
  if (format === "text") return openHumanView(terminal, detail, progress);
  const { openDocumentView } = await import("./document-view.ts");
  if (format === "json") return openDocumentView(terminal, detail, progress);
  const { yamlText } = await import("./yaml-text.ts");
  return openDocumentView(terminal, detail, progress, yamlText);
}

/** Prose: the answer on stdout, all else on stderr. */
function openHumanView(terminal: Terminal, detail: Detail, progress: ProgressLines): View {
  return {
    ...talk(terminal, progress),
    answer({ lines, failure }) {
      progress.close();
      if (progress.printed) terminal.stderr.line();
      for (const line of lines()) terminal.stdout.line(line);
      if (failure) tellFailure(terminal, detail, failure);
    },
    failure(_command, failure) {
      progress.close();
      tellFailure(terminal, detail, failure);
    },
  };
}

/** What is told on stderr whatever the form of the answer. */
export function talk(
  terminal: Terminal,
  progress: ProgressLines,
): Pick<View, "report" | "notice" | "unfinished" | "close"> {
  return {
    report: (event) => progress.show(event),
    notice: (lines) => {
      for (const line of lines) terminal.stderr.line(line);
    },
    unfinished: () => progress.unfinished(),
    close: () => progress.close(),
  };
}

/** A failure on stderr. */
export function tellFailure(terminal: Terminal, { verbose, debug }: Detail, failure: Failure): void {
  const lines = failureLines(
    failure,
    debug ? "debug" : verbose ? "verbose" : "normal",
    terminal.stderr.width,
  );
  for (const line of lines) terminal.stderr.line(line);
}
