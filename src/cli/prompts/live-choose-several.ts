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
    if (!this.list) return [...this.backHint, "type to filter"];
    const enter = this.#enterEffect === "tick" ? "Enter tick" : "Enter go on";
    return ["Space tick", enter, ...this.backHint, "↑↓ move", "type to filter"];
  }

  protected acted(key: Key): boolean {
    const isEnter = key.name === "return" || key.name === "enter";
    if (!isEnter && key.name !== "space") return false;
    this.problem = undefined;
    if (!isEnter) this.#mark((value) => this.#ticks.toggled(value));
    else if (this.#enterEffect === "tick") this.#mark((value) => this.#ticks.ticked(value));
    else this.#confirm();
    return true;
  }

  get #enterEffect() {
    return this.#ticks.enter(this.pointed, this.moved, this.text);
  }

  #mark(change: (value: string) => Ticks): void {
    const choice = this.pointed;
    if (choice === undefined) {
      this.problem = this.emptiness;
      return;
    }
    this.#ticks = change(choice.value);
    this.keep(choice);
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
