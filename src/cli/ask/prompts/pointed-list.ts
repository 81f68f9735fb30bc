import type { Choice } from "../prompter.ts";
import { emptiness, type ChoiceList } from "./choice-list.ts";
import { oneLine } from "../../show/foreign-text.ts";
import { toned, type Line } from "../../show/terminal.ts";
import { columnsOf } from "../../show/text-width.ts";
import { cutLine, wrapLine, type Paint } from "./layout.ts";

/** A list that a text filters, with a pointer at one of its entries. */
export class PointedList {
  #list: ChoiceList;
  readonly #typed: ((text: string) => Choice | undefined) | undefined;
  /** The values that come first. While no text is typed, the pointer starts at the first of them. */
  readonly #first: string[];
  readonly #found = new Map<string, readonly Choice[]>();
  #text = "";
  #entries: readonly Choice[] = [];
  #rule: string | undefined;
  #pointer = 0;
  #moved = false;

  constructor(
    list: ChoiceList,
    first: readonly string[],
    typed: ((text: string) => Choice | undefined) | undefined,
  ) {
    this.#list = list;
    this.#first = [...first];
    this.#typed = typed;
    this.#filter();
  }

  /** The choices that match the text, and the one that the text itself can become. */
  get entries(): readonly Choice[] {
    return this.#entries;
  }

  /** All choices, whatever the text. */
  get all(): readonly Choice[] {
    return this.#list.all;
  }

  get pointer(): number {
    return this.#pointer;
  }

  get pointed(): Choice | undefined {
    return this.#entries[this.#pointer];
  }

  /** Whether the pointer was moved since the text last changed. */
  get moved(): boolean {
    return this.#moved;
  }

  /** Why there is nothing to choose, if there is nothing. */
  get emptiness(): string {
    return this.#rule ?? (this.#text === "" ? emptiness(this.#typed) : "Nothing matches.");
  }

  /** Filters by a text. The pointer goes to the entry with that name, or else to the first. */
  type(text: string): void {
    this.#text = text.trim();
    this.#moved = false;
    this.#filter();
  }

  /** Moves the pointer by this many entries, but not past the first or the last. */
  move(step: number): void {
    this.#pointTo(Math.min(this.#pointer + step, this.#entries.length - 1));
    this.#moved = true;
  }

  /** Whether choices were already looked for with this text. */
  hasFound(text: string): boolean {
    return this.#found.has(text.trim());
  }

  /** Adds the choices found by a text. A pointer that was moved stays at its entry. */
  find(text: string, found: readonly Choice[]): void {
    this.#found.set(text, found);
    this.#list = this.#list.with(found);
    const { pointed } = this;
    this.#filter();
    if (this.#moved) this.#pointTo(this.#placeOf(pointed?.value));
  }

  /** Clears the text and points to the entry, which stays in the list even if only the text had made it. */
  keep(choice: Choice): void {
    if (!this.#list.valued(choice.value)) {
      this.#first.push(choice.value);
      this.#list = this.#list.with([choice]).withFirst(this.#first);
    }
    this.type("");
    this.#pointTo(this.#placeOf(choice.value));
  }

  has(value: string): boolean {
    return this.#list.valued(value) !== undefined;
  }

  #filter(): void {
    const { entries, rule } = this.#list.offer(this.#text, this.#typed);
    // A service may match on text that a choice does not show.
    const found = this.#found.get(this.#text) ?? [];
    const missed = found.filter(({ value }) => !entries.some((entry) => entry.value === value));
    this.#entries = missed.length === 0 ? entries : [...missed, ...entries];
    this.#rule = rule;
    this.#pointTo(this.#placeOf(this.#text === "" ? this.#first[0] : this.#list.named(this.#text)?.value));
  }

  #placeOf(value: string | undefined): number {
    return this.#entries.findIndex((entry) => entry.value === value);
  }

  #pointTo(place: number): void {
    this.#pointer = Math.max(place, 0);
  }
}

/** How much room the entries of a list need. */
interface Measures {
  /** Columns of the widest label, not counting those wider than `widestAligned`. */
  readonly labelColumns: number;
  readonly longestExplanation: string;
}

/** A longer label does not move the details of the others to the right. */
const widestAligned = 40;

/** The lines of a list. Each entry is cut to one line: a list with wrapped lines is unreadable. */
export class ListRows {
  /** Cached by list, because every key needs them. */
  readonly #measures = new WeakMap<readonly Choice[], Measures>();
  #top = 0;

  /**
   * The part of a list that is on the screen: a window that follows the pointer.
   * @param rows how many entries fit
   * @param mark what comes before an entry
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

  /** The explanation takes the same height for every entry, so the lines below do not move with the pointer. */
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
