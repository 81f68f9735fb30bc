import type { ChooseQuestion, Choice, ChooseSeveralQuestion } from "../prompter.ts";
import { LiveList } from "./live-list.ts";
import { isEnter, type Key } from "./live-question.ts";
import type { PointedList } from "./pointed-list.ts";
import { type ChoiceList, listedNames } from "./choice-list.ts";

/** Chooses one entry of a list. Enter takes the entry pointed at. */
export class LiveChoose extends LiveList<string> {
  protected readonly summary = undefined;
  protected readonly keys = ["Enter choose"];

  constructor(question: ChooseQuestion) {
    super(question, question.preselected === undefined ? [] : [question.preselected], question.check);
  }

  protected mark(): string {
    return "";
  }

  protected acted(key: Key, { pointed, emptiness }: PointedList): boolean {
    if (!isEnter(key)) return false;
    if (pointed === undefined) this.problem = emptiness;
    else this.answer(pointed.value, pointed.label);
    return true;
  }
}

/** Chooses any number of a list. Space ticks and unticks. `Ticks` decides what Enter does; the last line shows it. */
export class LiveChooseSeveral extends LiveList<readonly string[]> {
  readonly #question: ChooseSeveralQuestion;
  #ticks = Ticks.of([]);
  /** Whether Space was used since the text last changed. */
  #spaced = false;

  constructor(question: ChooseSeveralQuestion) {
    super(question, question.preselected, question.check);
    this.#question = question;
  }

  protected override ordered(list: ChoiceList): ChoiceList {
    const { preselected } = this.#question;
    this.#ticks = Ticks.of(preselected.filter((value) => list.valued(value)));
    return list.withFirst(preselected);
  }

  protected override retyped(): void {
    this.#spaced = false;
  }

  protected mark({ value }: Choice): string {
    return this.#ticks.has(value) ? "[x] " : "[ ] ";
  }

  protected get summary(): string {
    return `${this.#ticks.count === 0 ? "none" : this.#ticks.count} chosen`;
  }

  protected get keys(): readonly string[] {
    return ["Space tick", this.#enterEffect === "tick" ? "Enter tick" : "Enter continue"];
  }

  protected acted(key: Key, list: PointedList): boolean {
    if (!isEnter(key) && key.name !== "space") return false;
    this.problem = undefined;
    if (isEnter(key) && this.#enterEffect === "confirm") this.#confirm(list);
    else if (list.pointed === undefined) this.problem = list.emptiness;
    else if (isEnter(key)) this.#tick(list.pointed);
    else this.#toggle(list.pointed, list);
    return true;
  }

  get #enterEffect(): EnterEffect {
    const { text, list } = this;
    return this.#ticks.enter(list?.pointed, { text, moved: list?.moved ?? false, spaced: this.#spaced });
  }

  #tick(choice: Choice): void {
    this.#ticks = this.#ticks.ticked(choice.value);
    this.keep(choice);
  }

  /** The text stays, because other entries that match it may be ticked next, unless the text itself made the entry. */
  #toggle(choice: Choice, list: PointedList): void {
    this.#ticks = this.#ticks.toggled(choice.value);
    if (!list.has(choice.value)) this.keep(choice);
    this.#spaced = true;
  }

  #confirm({ all }: PointedList): void {
    const chosen = all.filter(({ value }) => this.#ticks.has(value));
    if (chosen.length < this.#question.least) {
      this.problem = "Nothing is ticked: press Space to tick an entry.";
      return;
    }
    this.answer(
      chosen.map(({ value }) => value),
      listedNames(chosen.map(({ label }) => label)),
    );
  }
}

/** What Enter does in a list of which several entries can be chosen. */
export type EnterEffect = "tick" | "confirm";

/** What led to the entry pointed at. */
export interface Situation {
  readonly text: string;
  /** Whether the pointer was moved since the text last changed. */
  readonly moved: boolean;
  /** Whether Space was used since the text last changed. */
  readonly spaced: boolean;
}

/**
 * What is ticked in a list. Enter ticks an entry that was typed or moved to and is not ticked yet, so it never
 * continues without the entry that a person points at. A person who has used Space knows how to tick, and for them
 * Enter continues.
 */
export class Ticks {
  readonly #values: ReadonlySet<string>;
  readonly #spaceUsed: boolean;

  private constructor(values: ReadonlySet<string>, spaceUsed: boolean) {
    this.#values = values;
    this.#spaceUsed = spaceUsed;
  }

  static of(values: readonly string[]): Ticks {
    return new Ticks(new Set(values), false);
  }

  has(value: string): boolean {
    return this.#values.has(value);
  }

  get count(): number {
    return this.#values.size;
  }

  /** The ticks after Space at an entry. */
  toggled(value: string): Ticks {
    const values = new Set(this.#values);
    if (!values.delete(value)) values.add(value);
    return new Ticks(values, true);
  }

  /** The ticks after Enter at an entry. */
  ticked(value: string): Ticks {
    return new Ticks(new Set([...this.#values, value]), this.#spaceUsed);
  }

  /** What Enter does now. */
  enter(pointed: Choice | undefined, { text, moved, spaced }: Situation): EnterEffect {
    if (spaced) return "confirm";
    if (text.trim() !== "") return "tick";
    if (pointed === undefined || this.has(pointed.value)) return "confirm";
    return moved && !this.#spaceUsed ? "tick" : "confirm";
  }
}
