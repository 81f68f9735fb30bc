import type { Choice } from "../prompter.ts";

/** A choice with the texts that it is searched by. */
interface Indexed {
  readonly choice: Choice;
  readonly name: string;
  /** The name and the detail. */
  readonly whole: string;
}

/** What a list offers for a typed text. */
interface Offer {
  readonly entries: readonly Choice[];
  /** The rule that the text breaks, if it is not a choice and cannot become one. */
  readonly rule: string | undefined;
}

/** The choices of a question, filtered by a typed text. Each value occurs once. */
export class ChoiceList {
  readonly all: readonly Choice[];
  readonly #indexed: readonly Indexed[];
  readonly #byValue: ReadonlyMap<string, Choice>;

  private constructor(indexed: readonly Indexed[], byValue: ReadonlyMap<string, Choice>) {
    this.all = indexed.map(({ choice }) => choice);
    this.#indexed = indexed;
    this.#byValue = byValue;
  }

  /** If several choices have the same value, the first counts. */
  static of(choices: readonly Choice[]): ChoiceList {
    return new ChoiceList([], new Map()).with(choices);
  }

  /** The list with these added at its end, except those whose value is already in it. */
  with(choices: readonly Choice[]): ChoiceList {
    const byValue = new Map(this.#byValue);
    const added: Indexed[] = [];
    for (const choice of choices) {
      if (byValue.has(choice.value)) continue;
      byValue.set(choice.value, choice);
      added.push({ choice, ...searchedTexts(choice) });
    }
    return added.length === 0 ? this : new ChoiceList([...this.#indexed, ...added], byValue);
  }

  /** The list with the choices of these values first, in the order of the values. */
  withFirst(values: readonly string[]): ChoiceList {
    const first = values.flatMap((value) => this.valued(value) ?? []);
    return ChoiceList.of([...first, ...this.all]);
  }

  /** The choice with this value. */
  valued(value: string): Choice | undefined {
    return this.#byValue.get(value);
  }

  /** The choice with this value or label; an exact match wins over one that ignores case. */
  named(text: string): Choice | undefined {
    return this.#exactly(text) ?? this.#named((name) => folded(name) === folded(text));
  }

  /** The choices with every word of the text, ignoring case; first those with all words in label and value. */
  matching(text: string): readonly Choice[] {
    const words = folded(text).split(/\s+/).filter(Boolean);
    if (words.length === 0) return this.all;
    const fits = (searched: string) => words.every((word) => searched.includes(word));
    const named = this.#indexed.filter(({ name }) => fits(name));
    const others = this.#indexed.filter(({ name, whole }) => !fits(name) && fits(whole));
    return [...named, ...others].map(({ choice }) => choice);
  }

  /** The matches of a text and, last, the choice that the text itself can become. */
  offer(text: string, typed: ((text: string) => Choice | undefined) | undefined): Offer {
    const entries = this.matching(text);
    const trimmed = text.trim();
    if (trimmed === "" || this.#exactly(trimmed)) return { entries, rule: undefined };
    const taken = take(trimmed, typed);
    if (typeof taken === "string") return { entries, rule: taken };
    if (taken === undefined) return { entries, rule: undefined };
    const known = this.valued(taken.value);
    const others = entries.filter(({ value }) => value !== taken.value);
    return { entries: [...others, known ?? taken], rule: undefined };
  }

  #exactly(text: string): Choice | undefined {
    return this.valued(text) ?? this.#named((name) => name === text);
  }

  #named(fits: (name: string) => boolean): Choice | undefined {
    return this.#indexed.find(({ choice }) => fits(choice.value) || fits(choice.label))?.choice;
  }
}

/** What a question makes of a typed text: a choice, nothing, or the rule that it breaks. */
function take(
  text: string,
  typed: ((text: string) => Choice | undefined) | undefined,
): Choice | string | undefined {
  try {
    return typed?.(text);
  } catch (error) {
    if (error instanceof RangeError) return `It ${error.message}.`;
    throw error;
  }
}

/** What to say about a list without choices. */
export function emptiness(typed: unknown): string {
  return typed === undefined
    ? "There is nothing to choose."
    : "There is nothing to choose from: type a name.";
}

/** The choices, preceded by new ones for preselected values that no choice has. */
export function withPreselected(
  choices: readonly Choice[],
  preselected: readonly string[],
  typed: ((text: string) => Choice | undefined) | undefined,
): ChoiceList {
  const list = ChoiceList.of(choices);
  const made = preselected.flatMap((value) => {
    const taken = list.valued(value) ? undefined : take(value, typed);
    return typeof taken === "object" ? [taken] : [];
  });
  return ChoiceList.of([...made, ...choices]);
}

function searchedTexts({ label, value, detail = "" }: Choice): Omit<Indexed, "choice"> {
  const name = folded(`${label}\n${value}`);
  return { name, whole: `${name}\n${folded(detail)}` };
}

function folded(text: string): string {
  return text.toLowerCase();
}

/** A sentence lists at most this many names. If there are more, it counts the rest. */
const mostNamed = 6;

/** Names in a sentence: all of them, or the first ones and how many more; `none` if there are none. */
export function listedNames(names: readonly string[]): string {
  if (names.length === 0) return "none";
  if (names.length <= mostNamed) return names.join(", ");
  const shown = names.slice(0, mostNamed - 1);
  return `${shown.join(", ")} and ${names.length - shown.length} more`;
}
