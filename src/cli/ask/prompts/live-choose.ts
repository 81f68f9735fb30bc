import type { ChooseQuestion, Choice, ChooseSeveralQuestion } from "../prompter.ts";
import { LiveList } from "./live-list.ts";
import { isEnter, type Key } from "./live-question.ts";
import type { PointedList } from "./pointed-list.ts";
import { type ChoiceList, listedNames } from "./choice-list.ts";
import { Ticks, type EnterEffect } from "./ticks.ts";

/** One of a list: Enter takes what is pointed at. */
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

/** Any number of a list: Space ticks and unticks; what Enter does is decided by `Ticks` and said below the list. */
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
    return ["Space tick", this.#enterEffect === "tick" ? "Enter tick" : "Enter go on"];
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

  /** The text stays, for it may have left more that is to be ticked; unless it was what made the entry. */
  #toggle(choice: Choice, list: PointedList): void {
    this.#ticks = this.#ticks.toggled(choice.value);
    if (!list.has(choice.value)) this.keep(choice);
    this.#spaced = true;
  }

  #confirm({ all }: PointedList): void {
    const chosen = all.filter(({ value }) => this.#ticks.has(value));
    if (chosen.length < this.#question.least) {
      this.problem = "Nothing is ticked: Space ticks what the pointer is at.";
      return;
    }
    this.answer(
      chosen.map(({ value }) => value),
      listedNames(chosen.map(({ label }) => label)),
    );
  }
}
