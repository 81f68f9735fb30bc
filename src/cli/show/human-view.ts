import { failureLines, type Failure } from "./failure.ts";
import type { ProgressLines } from "./progress-lines.ts";
import type { Terminal } from "./terminal.ts";
import type { Detail, View } from "./view.ts";

/** Prose: the answer on stdout, all else on stderr. */
export function openHumanView(terminal: Terminal, detail: Detail, progress: ProgressLines): View {
  return {
    ...talk(terminal, progress),
    answer({ lines, failure, aside }) {
      progress.close();
      const told = lines();
      if (progress.printed && told.length > 0) terminal.stderr.line();
      const { stdout, stderr } = terminal;
      for (const line of told) (aside ? stderr : stdout).line(line);
      if (failure) tellFailure(terminal, detail, { ...failure, ...failure.brief });
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
export function tellFailure(terminal: Terminal, { debug }: Detail, failure: Failure): void {
  const { width } = terminal.stderr;
  for (const line of failureLines(failure, { debug, width })) terminal.stderr.line(line);
}
