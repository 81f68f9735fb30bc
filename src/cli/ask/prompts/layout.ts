import { wrapAnsi } from "fast-wrap-ansi";
import { oneLine } from "../../show/foreign-text.ts";
import { type Line, type Toned, toned } from "../../show/terminal.ts";
import { columnsOf, cutTo } from "../../show/text-width.ts";

/** The size of a terminal. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** The lines of a question, none wider than the terminal. The typed text follows `label`. */
export interface Frame {
  readonly above: readonly string[];
  readonly label: string;
  readonly below: readonly string[];
}

/** Turns a line into the text that shows it, in colour if wanted. */
export type Paint = (line: Line) => string;

/** The beginning of a line that fits into this many columns. */
export function cutLine(line: Line, columns: number): Line {
  let room = columns;
  const cut: Array<string | Toned> = [];
  for (const piece of typeof line === "string" ? [line] : line) {
    const whole = oneLine(typeof piece === "string" ? piece : piece.text);
    const text = cutTo(room, whole);
    room -= columnsOf(text);
    cut.push(typeof piece === "string" ? text : { ...piece, text });
    if (text !== whole) break;
  }
  return cut;
}

/**
 * Breaks a line between words into lines that fit.
 * @param lead what comes before the first line; the others are indented by its width
 */
export function wrapLine(line: Line, columns: number, paint: Paint, lead: Line = "  "): string[] {
  const first = paint(lead);
  const indent = columnsOf(typeof lead === "string" ? lead : lead.map(plainText).join(""));
  const wrapped = wrapAnsi(paint(line), Math.max(columns - indent, 10), { hard: true }).split("\n");
  return wrapped.map((text, index) => `${index === 0 ? first : " ".repeat(indent)}${text}`);
}

/** What the keys do, in one line: as many hints as fit, dropping the first ones. */
export function keyLine(hints: readonly string[], columns: number): string {
  const text = hints.join(" · ");
  return columnsOf(text) <= columns ? text : keyLine(hints.slice(1), columns);
}

function plainText(piece: string | Toned): string {
  return typeof piece === "string" ? piece : piece.text;
}

/** What is on the screen below a question, apart from the question's own text. */
export interface Remarks {
  /** Why the answer was not taken. */
  readonly problem: string | undefined;
  /** What the question is waiting for. */
  readonly activity: string | undefined;
  /** What arrived while the question was asked. */
  readonly notes: readonly Line[];
}

/** What a question shows on the screen, from top to bottom. */
export interface Parts extends Remarks {
  readonly message: string;
  readonly intro: readonly Line[] | undefined;
  /** Comes before the typed text. Undefined while there is none; then the cursor waits after the message. */
  readonly label: string | undefined;
  /** How many lines a list has, and those of them that fit into so many rows. */
  readonly list: { readonly count: number; readonly lines: (rows: number) => readonly string[] };
  /** Lines that explain the entry pointed at, left out if there is no room. */
  readonly explanation: readonly string[];
  /** What the keys do, the most important last. */
  readonly keys: readonly string[];
}

/** A list takes at least this many rows, however low the terminal is. */
const leastRows = 3;

/** A list takes at most this many rows, however high the terminal is. */
const mostRows = 12;

/** Lays a question out to fit the terminal: inquirer cannot overwrite lines that scrolled away. */
export function frameOf(parts: Parts, size: Size, paint: Paint): Frame {
  // The last column stays free: a terminal may wrap a line that fills it.
  const columns = size.columns - 1;
  const wrap = (line: Line, lead?: Line) => wrapLine(line, columns, paint, lead);
  const message = wrap([toned("strong", parts.message)], [toned("good", "?"), " "]);
  let intro = (parts.intro ?? []).flatMap((line) => wrap(line));
  let explanation = parts.explanation;
  const remarks = [
    ...parts.notes.flatMap((note) => wrap(note)),
    ...(parts.problem === undefined ? [] : wrap([toned("bad", parts.problem)], [toned("bad", "✗"), " "])),
    ...(parts.activity === undefined ? [] : wrap([toned("faint", `… ${parts.activity}`)])),
  ];
  const keys = [paint([toned("faint", `  ${keyLine(parts.keys, columns - 2)}`)])];
  const wanted = Math.min(parts.list.count, mostRows);
  // One row is left for the cursor when the question ends.
  const room = () =>
    size.rows - 2 - message.length - intro.length - explanation.length - remarks.length - keys.length;
  if (room() < Math.min(wanted, leastRows)) explanation = [];
  if (room() < Math.min(wanted, leastRows)) intro = [];
  const list = parts.list.lines(Math.max(Math.min(wanted, room()), Math.min(wanted, leastRows)));
  // As few lines above the cursor as possible: after a resize, nobody knows how many rows they take.
  const [label, above, more] =
    parts.label === undefined
      ? [message.at(-1) ?? "", message.slice(0, -1), intro]
      : [parts.label, [...message, ...intro], []];
  const below = [...more, ...list, ...explanation, ...remarks, ...keys];
  return {
    above,
    label,
    below: below.slice(0, Math.max(size.rows - 2 - above.length, leastRows)),
  };
}

/** The line that stays on the screen once a question is answered, wrapped to fit. */
export function answeredLines(message: string, said: string, size: Size, paint: Paint): string[] {
  return wrapLine([message, "  ", toned("strong", said)], size.columns - 1, paint, [toned("good", "✔"), " "]);
}
