import type { Report } from "../../core/progress.ts";
import type { GivenOptions } from "../options/answers.ts";
import type { Asking } from "./ask-first.ts";
import type { CommandContext } from "../command.ts";
import type { Connections } from "../connections.ts";
import { Interview } from "./interview.ts";
import type { Prompter } from "./prompter.ts";
import type { Question } from "./question.ts";

/** What a walk through a command's questions is made of. */
export interface QuestionWalkParts<Answers> {
  readonly context: Pick<CommandContext, "terminal" | "view" | "given" | "signal">;
  readonly read: (given: GivenOptions) => Answers;
  /** What the command is about, in sentences of a line each. */
  readonly opening: readonly string[];
  /** Those that are to be asked in a run that was given this; undefined: none, and nobody is disturbed. */
  readonly questions: (
    given: Answers,
  ) => ((connections: Connections, prompter: Prompter) => ReadonlyArray<Question<Answers>>) | undefined;
}

/** Asks a command's questions one after the other, and nothing besides. */
export class QuestionWalk<Answers extends { readonly quiet: boolean }> implements Asking<GivenOptions> {
  readonly #parts: QuestionWalkParts<Answers>;
  readonly #interview: Interview<Answers>;

  constructor(parts: QuestionWalkParts<Answers>) {
    this.#parts = parts;
    this.#interview = new Interview<Answers>({ context: parts.context, read: parts.read, remedies: {} });
  }

  get report(): Report {
    return this.#interview.report;
  }

  get given(): GivenOptions {
    return this.#interview.given;
  }

  async run(connections: Connections): Promise<GivenOptions> {
    const { context, read, opening, questions } = this.#parts;
    const answers = read(context.given);
    const toAsk = questions(answers);
    if (!toAsk) return context.given;
    const prompter = await this.#interview.open();
    const wizard = await this.#interview.ask(toAsk(connections, prompter), answers.quiet ? [] : opening);
    return wizard.given;
  }
}
