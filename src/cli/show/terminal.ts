import type { Readable, Writable } from "node:stream";
import type { Variables } from "../../domain/proxy.ts";
import { accessibleVariable, isOn } from "../options/option.ts";
import { oneLine, withoutCommand } from "./foreign-text.ts";
import { cutTo } from "./text-width.ts";

/** The stream of a process that text is written to. */
type OutputStream = Writable & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
};

/** The stream of a process that text is read from. */
export type InputStream = Readable & {
  readonly isTTY?: boolean | undefined;
  /** For a terminal: whether each key arrives as it is pressed. */
  setRawMode?(raw: boolean): unknown;
};

/** The three streams of a process. */
export interface Streams {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

/** What a piece of text means. Its colour follows from that, and never says anything that the words do not. */
export type Tone = "plain" | "strong" | "faint" | "good" | "warning" | "bad";

/** How each tone is coloured. */
export type Colors = Readonly<Record<Exclude<Tone, "plain">, (text: string) => string>>;

/** A piece of text with its tone. */
export interface Toned {
  readonly tone: Tone;
  readonly text: string;
}

/** One line: pieces one after the other. Every piece is cleaned before it is shown. */
export type Line = string | ReadonlyArray<string | Toned>;

/** A piece of text in a tone. */
export function toned(tone: Tone, text: string): Toned {
  return { tone, text };
}

/** The only way to a stream. Removes control characters from all text, and adds colour if it is wanted. */
export class Printer {
  readonly #stream: OutputStream;
  readonly #colors: Colors | undefined;
  /** Whether a line may be overwritten, which needs a terminal that can do it. */
  readonly live: boolean;
  #status = "";

  /** @param colors undefined for none */
  constructor(stream: OutputStream, colors: Colors | undefined, live: boolean) {
    this.#stream = stream;
    this.#colors = colors;
    this.live = live;
  }

  /** Columns of the terminal. Infinite for a file, and for a terminal that does not report them. */
  get width(): number {
    return this.#stream.columns || Infinity;
  }

  /** One line, above the status line. */
  line(line: Line = ""): void {
    const status = this.#status;
    this.status("");
    this.#stream.write(`${withoutCommand(this.paint(line))}\n`);
    this.status(status);
  }

  /** A line as it is shown: every piece cleaned, and coloured if colour is wanted. */
  paint(line: Line): string {
    const pieces = typeof line === "string" ? [line] : line;
    return pieces
      .map((piece) =>
        typeof piece === "string" ? oneLine(piece) : this.#color(piece.tone, oneLine(piece.text)),
      )
      .join("");
  }

  /** Prints a document of many lines that holds no foreign text, or has it already escaped. */
  document(text: string): void {
    this.#stream.write(text);
  }

  /** Shows what is going on in a last line, which the next status replaces. Does nothing if that is not possible. */
  status(text: string): void {
    if (!this.live || text === this.#status) return;
    this.#status = text;
    this.#stream.write(`\r\u001b[2K${this.#color("faint", cutTo(this.width - 1, oneLine(text)))}`);
  }

  #color(tone: Tone, text: string): string {
    return this.#colors && tone !== "plain" ? this.#colors[tone](text) : text;
  }
}

/** The streams of a run and what may be done with them. */
export interface Terminal {
  readonly stdin: InputStream;
  readonly stdout: Printer;
  /** Progress, questions and errors. */
  readonly stderr: Printer;
  /** The stream behind `stderr`, for questions. */
  readonly questions: OutputStream;
  /** Whether somebody can be asked. */
  readonly interactive: boolean;
  /** Whether nothing on the screen may be overwritten: for a screen reader, or if the terminal cannot do it. */
  readonly plain: boolean;
}

/** Makes a terminal of the streams, by what they are and by what the environment and --no-input say. */
export async function openTerminal(
  streams: Streams,
  environment: Variables,
  options: { readonly noInput: boolean },
): Promise<Terminal> {
  const { stdin, stdout, stderr } = streams;
  const continuous = isOn(environment["CI"]);
  const plain = isOn(environment[accessibleVariable]) || environment["TERM"] === "dumb";
  const printer = async (stream: OutputStream) => {
    const canMove = stream.isTTY === true && !plain;
    const colored = isColored(canMove, environment);
    const colors = colored ? (await import("./colors.ts")).colors : undefined;
    return new Printer(stream, colors, canMove && !continuous);
  };
  const asked = stdin.isTTY === true && stderr.isTTY === true && !options.noInput && !continuous;
  return {
    stdin,
    stdout: await printer(stdout),
    stderr: await printer(stderr),
    questions: stderr,
    interactive: asked,
    plain,
  };
}

/**
 * Whether to colour: FORCE_COLOR decides, then NO_COLOR and TERM=dumb, then whether it is a terminal.
 * Source: https://no-color.org and https://force-color.org
 */
export function isColored(isTerminal: boolean, environment: Variables): boolean {
  const { FORCE_COLOR: forced } = environment;
  if (forced !== undefined && forced !== "") return isOn(forced);
  if (environment["NO_COLOR"] || environment["TERM"] === "dumb") return false;
  return isTerminal;
}
