import { oneLine } from "../foreign-text.ts";
import type { Choice } from "../prompter.ts";
import { columnsOf } from "../text-width.ts";

/** How much room the entries of a list need. */
export interface ListMeasures {
  /** Columns of the widest label, none wider than `widestAligned` counted. */
  readonly labelColumns: number;
  readonly longestExplanation: string;
}

/** One label longer than this does not move the details of all others to the right. */
const widestAligned = 40;

const measures = new WeakMap<readonly Choice[], ListMeasures>();

/** Measures a list once: it is asked for with every key. */
export function measured(entries: readonly Choice[]): ListMeasures {
  const known = measures.get(entries);
  if (known) return known;
  let labelColumns = 0;
  let longestExplanation = "";
  for (const { label, explanation = "" } of entries) {
    const columns = columnsOf(oneLine(label));
    if (columns <= widestAligned) labelColumns = Math.max(labelColumns, columns);
    if (explanation.length > longestExplanation.length) longestExplanation = explanation;
  }
  const made = { labelColumns, longestExplanation };
  measures.set(entries, made);
  return made;
}
