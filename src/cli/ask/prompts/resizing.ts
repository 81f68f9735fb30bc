import { stripVTControlCharacters } from "node:util";
import { columnsOf } from "../../show/text-width.ts";
import type { Size } from "./layout.ts";

/**
 * Makes room for a question to be drawn anew when its terminal has got another size. A terminal breaks lines that
 * became too long, and where its cursor then stands differs from one to the next (xterm.js counts lines below it,
 * others do not): what was there is scrolled away, and the question begins anew at the top.
 */
export class Resizing {
  #atTop = false;

  /**
   * What to write before inquirer erases as many lines as it drew, the cursor's and those above it in vain.
   * @param lines as they were drawn
   * @param cursorLine which of them the cursor stands in
   */
  before(lines: readonly string[], cursorLine: number, { columns, rows }: Size): string {
    const widths = lines.map((line) => columnsOf(stripVTControlCharacters(line)));
    if (widths.every((width) => width <= columns)) return "";
    const home = "\u001b[H\u001b[J";
    if (this.#atTop) return home;
    this.#atTop = true;
    const above = widths
      .slice(0, cursorLine)
      .reduce((sum, width) => sum + Math.max(Math.ceil(width / columns), 1), 0);
    const up = above > 0 ? `\u001b[${above}A` : "";
    return `\r${up}\u001b[J\u001b[${rows}B${"\n".repeat(rows)}${home}`;
  }
}
