import type { Failure } from "./failure.ts";
import { talk } from "./human-view.ts";
import type { ProgressLines } from "./progress-lines.ts";
import type { Terminal } from "./terminal.ts";
import type { View } from "./view.ts";

/**
 * Prints only names on stdout, one on each line, for another program to read. The exit code says whether all is in
 * order.
 * @param tell shows a failure
 */
export function openNameView(
  terminal: Terminal,
  tell: (failure: Failure) => void,
  progress: ProgressLines,
): View {
  return {
    ...talk(terminal, progress),
    answer({ names, failure }) {
      progress.close();
      for (const name of names?.() ?? []) terminal.stdout.line(name);
      if (failure) tell(failure);
    },
    failure(_command, failure) {
      progress.close();
      tell(failure);
    },
  };
}
