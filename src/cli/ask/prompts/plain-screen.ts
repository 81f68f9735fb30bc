import type { Line, Terminal } from "../../show/terminal.ts";
import { readLine } from "./line-reader.ts";

/** Lines that follow one another: nothing is written over. */
export class PlainScreen {
  readonly #terminal: Terminal;
  readonly #signal: AbortSignal;
  /** What stands in the line that is typed into. */
  #prompt: string | undefined;

  constructor(terminal: Terminal, signal: AbortSignal) {
    this.#terminal = terminal;
    this.#signal = signal;
  }

  get asking(): boolean {
    return this.#prompt !== undefined;
  }

  say(...lines: readonly Line[]): void {
    for (const line of lines) this.#terminal.stderr.line(line);
  }

  /**
   * Reads what is typed behind a prompt, without white space around it.
   * @throws as `readLine` does
   */
  async ask(prompt: string): Promise<string> {
    const { stdin, stderr } = this.#terminal;
    stderr.document(stderr.paint(prompt));
    this.#prompt = prompt;
    try {
      return (await readLine(stdin, this.#signal)).trim();
    } catch (error) {
      stderr.line();
      throw error;
    } finally {
      this.#prompt = undefined;
    }
  }

  /** Says something at any time; the prompt is repeated below it. */
  note(line: Line): void {
    const { stderr } = this.#terminal;
    if (this.#prompt !== undefined) stderr.line();
    stderr.line(line);
    if (this.#prompt !== undefined) stderr.document(stderr.paint(this.#prompt));
  }
}
