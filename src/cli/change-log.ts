import type { Report } from "../core/progress.ts";
import { refused } from "../domain/errors.ts";
import { whyFileFailed } from "../domain/named-file.ts";
import type { OnChange } from "../domain/outside-change.ts";
import { append } from "./append-file.ts";
import { escaped, speakable } from "./show/foreign-text.ts";

/**
 * Opens the file that gets a line of JSON for each change, once the change is answered. If a line cannot be written
 * later, the run continues, because the change is made. A warning says so, once.
 * @param operationId of the run, which Azure also gets
 * @throws ActionableError `usage.log-file` if the file cannot be written
 */
export function openChangeLog(path: string, operationId: string, report: Report): OnChange {
  try {
    append(path, "");
  } catch (error) {
    throw refused(
      "usage.log-file",
      `The file for --log, ${path}, cannot be written: ${whyFileFailed(error)}.`,
      "Name a file in a folder that exists and that you may write to.",
    );
  }
  let hasFailed = false;
  return (change) => {
    const line = { time: new Date().toISOString(), operationId, ...change };
    try {
      append(path, `${escaped(JSON.stringify(speakable(line)))}\n`);
    } catch (error) {
      const text = `${path} could not be written (${whyFileFailed(error)}): it does not record every change of this run`;
      if (!hasFailed) report({ kind: "note", level: "warning", text });
      hasFailed = true;
    }
  };
}
