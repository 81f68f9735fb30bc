import type { Failure } from "./failure.ts";
import type { ProgressLines } from "./progress-lines.ts";
import type { Terminal } from "./terminal.ts";
import type { View } from "./view.ts";

/**
 * Prose: the answer on stdout, everything else on stderr.
 * @param tell shows a failure
 */
export function openHumanView(
  terminal: Terminal,
  tell: (failure: Failure) => void,
  progress: ProgressLines,
): View {
  return {
    ...talk(terminal, progress),
    answer({ lines, failure }) {
      progress.close();
      const told = lines();
      if (progress.printed && told.length > 0) terminal.stderr.line();
      for (const line of told) terminal.stdout.line(line);
      if (failure) tell({ ...failure, ...failure.brief });
    },
    failure(_command, failure) {
      progress.close();
      tell(failure);
    },
  };
}

/** What goes to stderr, whatever the form of the answer. */
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
