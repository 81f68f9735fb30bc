import type { Report } from "../../core/progress.ts";
import { ActionableError } from "../../domain/errors.ts";
import type { GivenOptions } from "../options/answers.ts";
import type { CommandContext } from "../command.ts";
import { InterruptedError } from "../interruption.ts";
import type { Prompter } from "./prompter.ts";
import { openPrompter } from "./prompts/open-prompter.ts";
import type { Changeable, OptionMore, Question } from "./question.ts";
import { askWhatToChange } from "./questions/answer-to-change.ts";
import { describeFailure, failureLines } from "../show/failure.ts";
import { wrapped } from "../show/wrapped.ts";
import { Wizard, type Recovery } from "./wizard.ts";

/** A way to go on after a failure. */
export interface Remedy {
  /** What is agreed to by it. */
  readonly label: string;
  readonly more: Omit<OptionMore, "kind">;
}

/** What an interview is held with. */
export interface InterviewParts<Answers> {
  readonly context: Pick<CommandContext, "terminal" | "view" | "given" | "signal">;
  readonly read: (given: GivenOptions) => Answers;
  /** What an option more would mend, by the code of the failure; it holds for what failed and for nothing else. */
  readonly remedies: Readonly<Record<string, Remedy>>;
}

/** Asks a person what a command was not given, and how to go on when something is in the way. */
export class Interview<Answers> {
  readonly #parts: InterviewParts<Answers>;
  #prompter: Prompter | undefined;
  #wizard: Wizard<Answers> | undefined;

  constructor(parts: InterviewParts<Answers>) {
    this.#parts = parts;
  }

  /** Hears the run: while a question is on the screen only what must be known is shown, beside it. */
  readonly report: Report = (event) => {
    const { view } = this.#parts.context;
    if (!this.#prompter?.asking) view.report(event);
    else if (event.kind === "note") this.#prompter.note(event.text);
  };

  /** What was given and answered so far. */
  get given(): GivenOptions {
    return this.#wizard?.given ?? this.#parts.context.given;
  }

  /** What the questions are asked by. */
  async open(): Promise<Prompter> {
    const { terminal, signal } = this.#parts.context;
    return (this.#prompter ??= await openPrompter(terminal, signal));
  }

  /**
   * Asks until nothing is open.
   * @param opening what this is about, in sentences of a line each; none: nothing is said before the first question
   * @throws InterruptedError for Ctrl-C, and what stopped a question for good
   */
  async ask(
    questions: ReadonlyArray<Question<Answers>>,
    opening: readonly string[],
  ): Promise<Wizard<Answers>> {
    const { context, read } = this.#parts;
    const { terminal, view, given, signal } = context;
    const prompter = await this.open();
    const wizard = new Wizard<Answers>({
      questions,
      given,
      read,
      signal,
      failed: (error, asked) => this.#recover(error, asked, prompter),
      wait: async (text, awaited) => {
        this.report({ kind: "started", id: "look", text });
        return await awaited.finally(() => this.report({ kind: "ended", id: "look" }));
      },
    });
    this.#wizard = wizard;
    if (opening.length > 0) {
      view.notice([...opening.flatMap((line) => wrapped(line, terminal.stderr.width)), ""]);
    }
    await wizard.run();
    return wizard;
  }

  /** Tells what is in the way, and asks how to go on. */
  async #recover(
    error: unknown,
    { canGoBack, changeable }: { readonly canGoBack: boolean; readonly changeable: readonly Changeable[] },
    prompter: Prompter,
  ): Promise<Recovery> {
    const { context, remedies } = this.#parts;
    const { view, terminal, signal } = context;
    if (signal.aborted || !(error instanceof ActionableError)) throw error;
    if (error instanceof InterruptedError || error.code.endsWith(".declined")) throw error;
    view.notice(["", ...failureLines(describeFailure(error), "normal", terminal.stderr.width), ""]);
    const remedy = remedies[error.code];
    const reply = await prompter.choose({
      message: "How to go on?",
      canGoBack,
      loading: "",
      preselected: undefined,
      choices: [
        ...(remedy ? [{ value: "remedy", label: remedy.label }] : []),
        { value: "again", label: "try again" },
        ...(changeable.length > 0 ? [{ value: "change", label: "change an answer" }] : []),
        { value: "stop", label: "stop here", detail: "nothing was written" },
      ],
    });
    if (reply.kind === "back") return reply;
    if (reply.value === "remedy" && remedy) return { kind: "given", ...remedy.more };
    if (reply.value === "again") return { kind: "again" };
    if (reply.value === "change") return await askWhatToChange(prompter, changeable);
    throw error;
  }
}
