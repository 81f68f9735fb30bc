import type { Terminal } from "../../show/terminal.ts";
import type { Prompter } from "../prompter.ts";

/** The prompter that fits the terminal, which must be interactive. The other prompter is not loaded. */
export async function openPrompter(terminal: Terminal, signal: AbortSignal): Promise<Prompter> {
  if (terminal.plain) {
    const { PlainPrompter } = await import("./plain-prompter.ts");
    return new PlainPrompter(terminal, signal);
  }
  const { LivePrompter } = await import("./live-prompter.ts");
  return new LivePrompter(terminal, signal);
}
