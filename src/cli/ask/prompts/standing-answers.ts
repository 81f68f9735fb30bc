import type { Terminal } from "../../show/terminal.ts";

/** An answer that is on the screen. */
interface StandingAnswer {
  /** How many lines it takes. */
  readonly rows: number;
  /** How wide the terminal was. */
  readonly columns: number;
  /** How much was printed before. */
  readonly printed: number;
}

/** The answers on the screen, so that one goes when its question is asked again: two of them would contradict. */
export class StandingAnswers {
  readonly #terminal: Terminal;
  #answers: StandingAnswer[] = [];

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Says that an answer of so many lines was drawn. */
  add(rows: number): void {
    const { stderr } = this.#terminal;
    this.#answers.push({ rows, columns: stderr.width, printed: stderr.printed });
  }

  /** Takes the last answer off the screen; where something else came below it, or the width changed, all stay. */
  takeBack(): void {
    const { stderr, questions } = this.#terminal;
    const last = this.#answers.pop();
    if (last?.printed === stderr.printed && last.columns === stderr.width) {
      questions.write(`\r\u001b[${last.rows}A\u001b[J`);
    } else this.#answers = [];
  }
}
