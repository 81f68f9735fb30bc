import type { ChooseQuestion } from "../prompter.ts";
import { LiveList } from "./live-list.ts";
import { isEnter, type Key } from "./live-question.ts";
import type { PointedList } from "./pointed-list.ts";

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
