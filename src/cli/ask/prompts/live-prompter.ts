import type { Prompter, Reply } from "../prompter.ts";
import type { Line, Terminal } from "../../show/terminal.ts";
import { LiveChooseSeveral } from "./live-choose-several.ts";
import { LiveChoose } from "./live-choose.ts";
import { wrapLine } from "./layout.ts";
import { answerLines, askLive } from "./live-prompt.ts";
import type { LiveQuestion } from "./live-question.ts";
import { LiveText } from "./live-text.ts";
import { StandingAnswers } from "./standing-answers.ts";

/** Asks where the cursor can be moved: lists to point into, filtered while one types. */
export class LivePrompter implements Prompter {
  readonly #terminal: Terminal;
  readonly #signal: AbortSignal;
  readonly #answers: StandingAnswers;
  #current: Pick<LiveQuestion<unknown>, "note"> | undefined;

  constructor(terminal: Terminal, signal: AbortSignal) {
    this.#terminal = terminal;
    this.#signal = signal;
    this.#answers = new StandingAnswers(terminal);
  }

  get asking(): boolean {
    return this.#current !== undefined;
  }

  choose: Prompter["choose"] = (question) => this.#ask(question.message, new LiveChoose(question));

  chooseSeveral: Prompter["chooseSeveral"] = (question) =>
    this.#ask(question.message, new LiveChooseSeveral(question));

  text: Prompter["text"] = (question) => this.#ask(question.message, new LiveText(question));

  note(line: Line): void {
    if (this.#current) this.#current.note(line);
    else this.#keep(line);
  }

  async #ask<T>(message: string, question: LiveQuestion<T>): Promise<Reply<T>> {
    this.#current = question;
    try {
      const outcome = await askLive(message, question, this.#terminal, this.#signal);
      if (outcome.kind === "back") {
        this.#answers.takeBack();
        return outcome;
      }
      this.#answers.add(answerLines(message, outcome.said, this.#terminal).length);
      return { kind: "answer", value: outcome.value };
    } finally {
      this.#current = undefined;
      for (const note of question.notes) this.#keep(note);
    }
  }

  /** Prints a note where nothing will write over it, broken between words. */
  #keep(note: Line): void {
    const { stderr } = this.#terminal;
    const lines = wrapLine(note, stderr.width, (line) => stderr.paint(line), "");
    stderr.document(`${lines.join("\n")}\n`);
  }
}
