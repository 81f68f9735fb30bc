import type { Choice } from "../prompter.ts";
import { emptiness, type ChoiceList } from "./choice-list.ts";

/** A list that a text filters, with a pointer at one of its entries. */
export class PointedList {
  #list: ChoiceList;
  readonly #typed: ((text: string) => Choice | undefined) | undefined;
  /** The values that stand first; the pointer is at the first of them while no text is typed. */
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

  /** The choices that the text leaves, and the one that it can become. */
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

  /** Why there is nothing to choose, where there is nothing. */
  get emptiness(): string {
    return this.#rule ?? (this.#text === "" ? emptiness(this.#typed) : "Nothing matches.");
  }

  /** Filters by a text; the pointer goes to what is named so, else to the first entry. */
  type(text: string): void {
    this.#text = text.trim();
    this.#moved = false;
    this.#filter();
  }

  /** Moves the pointer by so many entries, up to the first or the last. */
  move(step: number): void {
    this.#pointTo(Math.min(this.#pointer + step, this.#entries.length - 1));
    this.#moved = true;
  }

  /** Whether choices were looked for with this text already. */
  hasFound(text: string): boolean {
    return this.#found.has(text.trim());
  }

  /** Adds what was found by a text; the pointer stays with its entry once it was moved. */
  find(text: string, found: readonly Choice[]): void {
    this.#found.set(text, found);
    this.#list = this.#list.with(found);
    const { pointed } = this;
    this.#filter();
    if (this.#moved) this.#pointTo(this.#placeOf(pointed?.value));
  }

  /** Takes the text away and points to the entry, which stays in the list though the text alone had made it. */
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
    // A service may find by what a choice does not show.
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
