import type { Line, Toned } from "./terminal.ts";
import { wrapped } from "./wrapped.ts";

/**
 * A sign of one column, and a sentence behind it over as many lines as it takes.
 * @param width columns that the terminal has
 */
export function signedLines(sign: Toned, text: string, width: number): Line[] {
  const [first = "", ...more] = wrapped(text, width - 2);
  return [[sign, ` ${first}`], ...more.map((line) => `  ${line}`)];
}
