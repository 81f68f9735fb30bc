import type { Choice, ChooseQuestion } from "../prompter.ts";
import { LiveList } from "./live-list.ts";
import type { Key } from "./live-question.ts";

/** One of a list: Enter takes what is pointed at. */
export class LiveChoose extends LiveList<string> {
  protected readonly summary = undefined;

  constructor(question: ChooseQuestion) {
    super(question, question.preselected === undefined ? [] : [question.preselected], question.check);
  }

  protected mark(): string {
    return "";
  }

  protected get keys(): readonly string[] {
    return [...this.listKeys, ...(this.list ? ["Enter choose"] : []), ...this.backHint];
  }

  protected acted(key: Key): boolean {
    if (key.name !== "return" && key.name !== "enter") return false;
    const choice: Choice | undefined = this.pointed;
    if (choice === undefined) this.problem = this.emptiness;
    else this.answer(choice.value, choice.label);
    return true;
  }
}
