import { oneLine } from "../../show/foreign-text.ts";
import type { TextQuestion } from "../prompter.ts";
import type { Line } from "../../show/terminal.ts";
import { frameOf, wrapLine, type Frame, type Paint, type Size } from "./layout.ts";
import { isEnter, LiveQuestion, type Key } from "./live-question.ts";
import { Lookup } from "./lookup.ts";

/** A line of text, with remarks on it while it is typed. */
export class LiveText extends LiveQuestion<string> {
  readonly #question: TextQuestion;
  readonly #remark: Lookup<readonly Line[]> | undefined;
  #remarked: readonly Line[] = [];

  constructor(question: TextQuestion) {
    super(question.canGoBack, question.check);
    this.#question = question;
    this.text = oneLine(question.preset);
    this.#remark =
      question.remark &&
      new Lookup(question.remark, this.closed, {
        arrived: (_text, lines) => {
          this.#remarked = lines;
          this.changed();
        },
        // A failed remark is dropped; the check says what matters.
        failed: () => {},
      });
  }

  override start(): void {
    this.#remark?.about(this.text.trim());
  }

  frame(size: Size, paint: Paint): Frame {
    const { message, intro } = this.#question;
    return frameOf(
      {
        ...this.remarks,
        message,
        intro,
        label: "  > ",
        list: { count: 0, lines: () => [] },
        explanation: this.#remarked.flatMap((line) => wrapLine(line, size.columns - 1, paint)),
        keys: ["Enter continue", ...this.backHint],
      },
      size,
      paint,
    );
  }

  #give(text: string): void {
    this.answer(text, text || (this.#question.ifEmpty ?? "nothing"));
  }

  protected pressed(key: Key, typed: string): void {
    if (isEnter(key)) this.#give(this.text.trim());
    // Readline keeps a history and would bring back a refused answer.
    else if (key.name !== "up" && key.name !== "down" && typed !== this.text) {
      this.text = typed;
      this.problem = undefined;
      this.#remarked = [];
      this.#remark?.about(typed.trim());
    }
  }
}
