import { oneLine } from "../../show/foreign-text.ts";
import type { Choice } from "../prompter.ts";
import { toned, type Line } from "../../show/terminal.ts";
import { columnsOf } from "../../show/text-width.ts";
import { cutLine, wrapLine, type Paint } from "./layout.ts";

/** How much room the entries of a list need. */
interface Measures {
  /** Columns of the widest label, wider ones than `widestAligned` not counted. */
  readonly labelColumns: number;
  readonly longestExplanation: string;
}

/** One label longer than this does not move the details of all others to the right. */
const widestAligned = 40;

/** The lines of a list: an entry is cut to one line, for a list of broken lines cannot be read. */
export class ListRows {
  /** Remembered by list, for they are asked for with every key. */
  readonly #measures = new WeakMap<readonly Choice[], Measures>();
  #top = 0;

  /**
   * The part of a list that is on the screen: a window that follows the pointer.
   * @param rows how many entries fit
   * @param mark what stands before an entry
   */
  lines(
    entries: readonly Choice[],
    pointer: number,
    { rows, columns, paint }: { readonly rows: number; readonly columns: number; readonly paint: Paint },
    mark: (choice: Choice) => string,
  ): string[] {
    this.#top = Math.max(Math.min(this.#top, pointer, entries.length - rows), pointer - rows + 1, 0);
    const { labelColumns } = this.#measured(entries);
    return entries.slice(this.#top, this.#top + rows).map((choice, index) => {
      const isPointed = this.#top + index === pointer;
      const { label, detail } = choice;
      const gap = Math.max(labelColumns - columnsOf(oneLine(label)), 0) + 2;
      const row: Line = [
        toned(isPointed ? "good" : "plain", isPointed ? "❯ " : "  "),
        mark(choice),
        toned(isPointed ? "strong" : "plain", label),
        ...(detail === undefined ? [] : [" ".repeat(gap), toned("faint", detail)]),
      ];
      return paint(cutLine(row, columns));
    });
  }

  /** As high for every entry, so that what stands below keeps its place while the pointer moves. */
  explanation(
    pointed: Choice | undefined,
    entries: readonly Choice[],
    columns: number,
    paint: Paint,
  ): string[] {
    const { longestExplanation } = this.#measured(entries);
    if (longestExplanation === "") return [];
    const lines = pointed?.explanation === undefined ? [] : wrapLine(pointed.explanation, columns, paint);
    const height = wrapLine(longestExplanation, columns, paint).length;
    return [...lines, ...Array<string>(Math.max(height - lines.length, 0)).fill("")];
  }

  #measured(entries: readonly Choice[]): Measures {
    const known = this.#measures.get(entries);
    if (known) return known;
    let labelColumns = 0;
    let longestExplanation = "";
    for (const { label, explanation = "" } of entries) {
      const columns = columnsOf(oneLine(label));
      if (columns <= widestAligned) labelColumns = Math.max(labelColumns, columns);
      if (explanation.length > longestExplanation.length) longestExplanation = explanation;
    }
    const measures = { labelColumns, longestExplanation };
    this.#measures.set(entries, measures);
    return measures;
  }
}
