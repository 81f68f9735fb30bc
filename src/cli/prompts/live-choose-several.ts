import type { Choice, ChooseSeveralQuestion } from "../prompter.ts";
import type { ChoiceList } from "./choice-list.ts";
import { listedNames } from "./listed-names.ts";
import { LiveList } from "./live-list.ts";
import type { Key } from "./live-question.ts";
import { Ticks } from "./ticks.ts";

/** Any number of a list: Space ticks and unticks; what Enter does is decided by `Ticks` and said below the list. */
export class LiveChooseSeveral extends LiveList<readonly string[]> {
  readonly #asked: ChooseSeveralQuestion;
  #ticks = Ticks.of([]);
  /** Whether Space was used since the text last changed. */
  #spaced = false;

  constructor(question: ChooseSeveralQuestion) {
    super(question, question.preselected, question.check);
    this.#asked = question;
  }

  protected override ordered(list: ChoiceList): ChoiceList {
    const { preselected } = this.#asked;
    this.#ticks = Ticks.of(preselected.filter((value) => list.valued(value)));
    return list.withFirst(preselected);
  }

  protected mark({ value }: Choice): string {
    return this.#ticks.has(value) ? "[x] " : "[ ] ";
  }

  protected get summary(): string {
    return `${this.#ticks.count === 0 ? "none" : this.#ticks.count} chosen`;
  }

  protected get keys(): readonly string[] {
    const enter = this.#enterEffect === "tick" ? "Enter tick" : "Enter go on";
    return [...this.listKeys, ...(this.list ? ["Space tick", enter] : []), ...this.backHint];
  }

  protected acted(key: Key): boolean {
    const isEnter = key.name === "return" || key.name === "enter";
    if (!isEnter && key.name !== "space") return false;
    this.problem = undefined;
    if (isEnter && this.#enterEffect === "confirm") this.#confirm();
    else if (this.pointed === undefined) this.problem = this.emptiness;
    else if (isEnter) this.#tick(this.pointed);
    else this.#toggle(this.pointed);
    return true;
  }

  protected override type(text: string): void {
    if (text !== this.text) this.#spaced = false;
    super.type(text);
  }

  get #enterEffect() {
    const { moved, text } = this;
    return this.#ticks.enter(this.pointed, { text, moved, spaced: this.#spaced });
  }

  #tick(choice: Choice): void {
    this.#ticks = this.#ticks.ticked(choice.value);
    this.keep(choice);
  }

  /** The text stays, for it may have left more that is to be ticked; unless it was what made the entry. */
  #toggle(choice: Choice): void {
    this.#ticks = this.#ticks.toggled(choice.value);
    if (!this.list?.valued(choice.value)) this.keep(choice);
    this.#spaced = true;
  }

  #confirm(): void {
    const chosen = this.list?.all.filter(({ value }) => this.#ticks.has(value)) ?? [];
    if (chosen.length < this.#asked.least) {
      this.problem = "Nothing is ticked: Space ticks what the pointer is at.";
      return;
    }
    this.answer(
      chosen.map(({ value }) => value),
      listedNames(chosen.map(({ label }) => label)),
    );
  }
}
