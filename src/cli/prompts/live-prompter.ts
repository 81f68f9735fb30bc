import type { Prompter, Reply } from "../prompter.ts";
import type { Line, Terminal } from "../terminal.ts";
import { isYes } from "./affirmation.ts";
import { LiveChooseSeveral } from "./live-choose-several.ts";
import { LiveChoose } from "./live-choose.ts";
import { LiveLine } from "./live-line.ts";
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

  async confirm(question: string): Promise<boolean> {
    const reply = await this.#ask(
      question,
      new LiveLine(`${question} (y/N)`, (text) => (isYes(text) ? "yes" : "no")),
    );
    return reply.kind === "answer" && isYes(reply.value);
  }

  async typed(question: string, expected: string): Promise<boolean> {
    const reply = await this.#ask(question, new LiveLine(question));
    return reply.kind === "answer" && reply.value === expected;
  }

  note(line: Line): void {
    if (this.#current) this.#current.note(line);
    else this.#terminal.stderr.line(line);
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
      for (const note of question.notes) this.#terminal.stderr.line(note);
    }
  }
}
