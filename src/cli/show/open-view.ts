import type { OutputFormat } from "../options/options.ts";
import type { Terminal } from "./terminal.ts";
import { openHumanView } from "./human-view.ts";
import { ProgressLines } from "./progress-lines.ts";
import type { Detail, View } from "./view.ts";

/** The view for a form of output; what the others need is not loaded. */
export async function openView(format: OutputFormat, detail: Detail, terminal: Terminal): Promise<View> {
  const progress = new ProgressLines(terminal.stderr, detail);
  if (format === "text") return openHumanView(terminal, detail, progress);
  const { openDocumentView } = await import("./json-view.ts");
  if (format === "json") return openDocumentView(terminal, detail, progress);
  const { yamlText } = await import("./yaml-text.ts");
  return openDocumentView(terminal, detail, progress, yamlText);
}
