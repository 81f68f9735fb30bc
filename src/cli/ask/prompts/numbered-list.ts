import type { Choice } from "../prompter.ts";
import { emptiness, type ChoiceList } from "./choice-list.ts";

/** Of a longer list, only this many entries are shown. */
const mostShown = 20;

/** What a typed text stands for in a list. */
type Reading =
  | { readonly kind: "choice"; readonly choice: Choice }
  | { readonly kind: "choices"; readonly choices: readonly Choice[] }
  | { readonly kind: "nothing"; readonly reason: string };

/** A list to choose from by number or by name. An entry keeps its number while the question is asked. */
export class NumberedList {
  #list: ChoiceList;
  readonly #typed: ((text: string) => Choice | undefined) | undefined;

  constructor(list: ChoiceList, typed: ((text: string) => Choice | undefined) | undefined) {
    this.#list = list;
    this.#typed = typed;
  }

  get all(): readonly Choice[] {
    return this.#list.all;
  }

  valued(value: string): Choice | undefined {
    return this.#list.valued(value);
  }

  /** What to say if there is nothing to choose. */
  get emptiness(): string {
    return emptiness(this.#typed);
  }

  /** Adds choices at the end, except those that are already in the list. */
  add(choices: readonly Choice[]): void {
    this.#list = this.#list.with(choices);
  }

  /** Whether a text is neither the number nor the name of an entry. */
  isNew(text: string): boolean {
    return this.#numbered(text) === undefined && this.#list.named(text) === undefined;
  }

  /** Reads a number, a name, a part of a name, or a text that the question accepts as another choice. */
  read(text: string): Reading {
    const choice = this.#numbered(text) ?? this.#list.named(text);
    if (choice) return { kind: "choice", choice };
    // A mistyped number must not become the name of something new.
    if (isNumber(text)) return { kind: "nothing", reason: `There is no number ${text}.` };
    const { entries, rule } = this.#list.offer(text, this.#typed);
    this.add(entries);
    const [only, ...others] = entries;
    if (only === undefined) return { kind: "nothing", reason: rule ?? `Nothing matches ${text}.` };
    return others.length === 0 ? { kind: "choice", choice: only } : { kind: "choices", choices: entries };
  }

  /** Entries with their numbers, one on each line, and how many more there are. */
  lines(entries: readonly Choice[], preselected: readonly string[]): string[] {
    const shown = entries.slice(0, mostShown).map((choice) => {
      const { label, detail, value } = choice;
      const said = [label, ...(detail === undefined ? [] : [detail])].join(", ");
      return `${this.number(choice)}. ${said}${preselected.includes(value) ? " (default)" : ""}`;
    });
    const more = entries.length - shown.length;
    return more > 0 ? [...shown, `And ${more} more: type part of a name to list the matches.`] : shown;
  }

  /** The explanations of the entries that have one. */
  explanations(): string[] {
    return this.all
      .filter(({ explanation }) => explanation !== undefined)
      .slice(0, mostShown)
      .map((choice) => `${this.number(choice)}. ${choice.label}: ${choice.explanation ?? ""}`);
  }

  number(choice: Choice): number {
    return this.all.findIndex(({ value }) => value === choice.value) + 1;
  }

  #numbered(text: string): Choice | undefined {
    return isNumber(text) ? this.all[Number(text) - 1] : undefined;
  }
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}

/** The list, with preselected choices moved to the front if one of them would not be shown. */
export function withPreselectedShown(list: ChoiceList, preselected: readonly string[]): ChoiceList {
  const shown = new Set(list.all.slice(0, mostShown).map(({ value }) => value));
  const hidden = preselected.some((value) => list.valued(value) && !shown.has(value));
  return hidden ? list.withFirst(preselected) : list;
}
