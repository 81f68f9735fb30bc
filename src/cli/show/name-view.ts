import { talk, tellFailure } from "./human-view.ts";
import type { ProgressLines } from "./progress-lines.ts";
import type { Terminal } from "./terminal.ts";
import type { Detail, View } from "./view.ts";

/** Names alone on stdout, one a line, for another program to take; the exit code tells how they stand. */
export function openNameView(terminal: Terminal, detail: Detail, progress: ProgressLines): View {
  return {
    ...talk(terminal, progress),
    answer({ names, failure }) {
      progress.close();
      for (const name of names?.() ?? []) terminal.stdout.line(name);
      if (failure) tellFailure(terminal, detail, failure);
    },
    failure(_command, failure) {
      progress.close();
      tellFailure(terminal, detail, failure);
    },
  };
}
