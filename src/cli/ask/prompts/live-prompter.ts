import type { Prompter, Reply } from "../prompter.ts";
import type { Line, Terminal } from "../../show/terminal.ts";
import { LiveChooseSeveral, LiveChoose } from "./live-choose.ts";
import { wrapLine } from "./layout.ts";
import { answerLines, askLive } from "./live-prompt.ts";
import type { LiveQuestion } from "./live-question.ts";
import { LiveText } from "./live-text.ts";

/** Asks in a terminal whose cursor can move, with lists to point into that are filtered while the person types. */
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

  /** Prints a note, broken between words, where nothing overwrites it. */
  #keep(note: Line): void {
    const { stderr } = this.#terminal;
    const lines = wrapLine(note, stderr.width, (line) => stderr.paint(line), "");
    stderr.document(`${lines.join("\n")}\n`);
  }
}

/** An answer that is on the screen. */
interface StandingAnswer {
  /** How many lines it takes. */
  readonly rows: number;
  /** How wide the terminal was. */
  readonly columns: number;
  /** How much was printed before. */
  readonly printed: number;
}

/** The answers on the screen. The old answer is erased when its question is asked again: two would contradict. */
class StandingAnswers {
  readonly #terminal: Terminal;
  #answers: StandingAnswer[] = [];

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Records that an answer of this many lines was drawn. */
  add(rows: number): void {
    const { stderr } = this.#terminal;
    this.#answers.push({ rows, columns: stderr.width, printed: stderr.printed });
  }

  /** Erases the last answer. If something was printed below it, or the width changed, all answers stay. */
  takeBack(): void {
    const { stderr, questions } = this.#terminal;
    const last = this.#answers.pop();
    if (last?.printed === stderr.printed && last.columns === stderr.width) {
      questions.write(`\r\u001b[${last.rows}A\u001b[J`);
    } else this.#answers = [];
  }
}
