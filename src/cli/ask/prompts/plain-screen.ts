import type { Line, Terminal, InputStream } from "../../show/terminal.ts";
import { InterruptedError } from "../../interruption.ts";

/** Prints line after line, and overwrites nothing. */
export class PlainScreen {
  readonly #terminal: Terminal;
  readonly #signal: AbortSignal;
  /** The prompt of the line that is being typed. */
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
   * Reads what is typed after a prompt, without white space around it.
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

  /** Prints a line at any time, and repeats the prompt below it. */
  note(line: Line): void {
    const { stderr } = this.#terminal;
    if (this.#prompt !== undefined) stderr.line();
    stderr.line(line);
    if (this.#prompt !== undefined) stderr.document(stderr.paint(this.#prompt));
  }
}

/**
 * Reads one line, as a terminal delivers it at Enter. If more was typed ahead, Node's readline reads that too, and
 * drops it when it is closed. Here it waits for the next question.
 * @throws InterruptedError at the end of input, and the reason of the signal
 */
async function readLine(input: InputStream, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const chunks: Buffer[] = [];
  return await new Promise<string>((resolve, reject) => {
    const settle = (end: () => void) => {
      input.pause();
      input.off("data", read).off("end", ended).off("error", failed);
      signal.removeEventListener("abort", aborted);
      end();
    };
    const read = (data: Buffer | string) => {
      const chunk = Buffer.from(data);
      const end = chunk.indexOf("\n");
      chunks.push(end < 0 ? chunk : chunk.subarray(0, end));
      if (end < 0) return;
      settle(() => {
        const rest = chunk.subarray(end + 1);
        if (rest.length > 0) input.unshift(rest);
        resolve(Buffer.concat(chunks).toString("utf8").replace(/\r$/, ""));
      });
    };
    const ended = () => settle(() => reject(new InterruptedError()));
    const failed = (error: Error) => settle(() => reject(error));
    const aborted = () => settle(() => reject(signal.reason as Error));
    if (input.readableEnded) {
      reject(new InterruptedError());
      return;
    }
    signal.addEventListener("abort", aborted, { once: true });
    input.on("data", read).once("end", ended).once("error", failed).resume();
  });
}
