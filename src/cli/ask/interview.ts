import type { Report } from "../../core/progress.ts";
import type { GivenOptions } from "../options/answers.ts";
import type { CommandContext } from "../command.ts";
import type { Connections } from "../connections.ts";
import { InterruptedError } from "../interruption.ts";
import type { FlowTypes } from "../run-flow.ts";
import { ActionableError } from "../../domain/errors.ts";
import { type Prompter, openPrompter } from "./prompter.ts";
import type { Changeable, OptionMore, Question, WizardReply } from "./question.ts";
import { describeFailure, failureLines } from "../show/failure.ts";
import { wrapped } from "../show/text-width.ts";
import { Wizard, type Recovery } from "./wizard.ts";

/** A way to go on after a failure. */
export interface Remedy {
  /** What is agreed to by it. */
  readonly label: string;
  readonly more: Omit<OptionMore, "kind">;
}

/** What a questionnaire's questions are made with. */
export interface QuestionParts<Types extends FlowTypes> {
  readonly connections: Connections;
  readonly prompter: Prompter;
  readonly context: InterviewContext;
  readonly report: Report;
  readonly inputOf: (answers: Types["answers"]) => Types["input"];
  readonly portsOf: (answers: Types["answers"]) => Promise<Types["ports"]>;
}

/** What a person is asked for one command. */
export interface Questionnaire<Types extends FlowTypes> {
  /** What the command is about, in sentences of a line each; none: nothing is said before the first question. */
  opening(given: Types["answers"]): readonly string[];
  /** What is asked in a run that was given this; undefined: nothing, and nobody is disturbed. */
  questions(given: Types["answers"]): ((parts: QuestionParts<Types>) => Asking<Types>) | undefined;
  /** What an option more would mend, by the code of the failure; it holds for what failed and for nothing else. */
  readonly remedies?: Readonly<Record<string, Remedy>>;
}

/** Questions in their order. */
interface Asking<Types extends FlowTypes> {
  readonly questions: ReadonlyArray<Question<Types["answers"]>>;
  /** The last of them, where it shows the plan and asks for a yes. */
  readonly review?: Question<Types["answers"], Types["foreseen"] | undefined>;
}

type InterviewContext = Pick<CommandContext, "terminal" | "view" | "given" | "signal">;

/** Asks a person what a command was not given, and how to go on when something is in the way. */
export class Interview<Types extends FlowTypes> {
  readonly #questionnaire: Questionnaire<Types>;
  readonly #read: (given: GivenOptions) => Types["answers"];
  readonly #context: InterviewContext;
  #prompter: Prompter | undefined;
  #wizard: Wizard<Types["answers"]> | undefined;

  constructor(
    questionnaire: Questionnaire<Types>,
    read: (given: GivenOptions) => Types["answers"],
    context: InterviewContext,
  ) {
    this.#questionnaire = questionnaire;
    this.#read = read;
    this.#context = context;
  }

  /** Hears the run: while a question is on the screen only what must be known is shown, beside it. */
  readonly report: Report = (event) => {
    const { view } = this.#context;
    if (!this.#prompter?.asking) view.report(event);
    else if (event.kind === "note") this.#prompter.note(event.text);
  };

  /** What was given and answered so far. */
  get given(): GivenOptions {
    return this.#wizard?.given ?? this.#context.given;
  }

  /**
   * Asks until nothing is open.
   * @returns what was seen when the plan was agreed to; undefined when no plan was shown
   * @throws InterruptedError for Ctrl-C, UsageError `….declined` for a no, and what stopped a question for good
   */
  async hold(
    parts: Pick<QuestionParts<Types>, "connections" | "inputOf" | "portsOf">,
  ): Promise<Types["foreseen"] | undefined> {
    const context = this.#context;
    const { terminal, view, given, signal } = context;
    const answers = this.#read(given);
    const asking = this.#questionnaire.questions(answers);
    if (!asking) return undefined;
    const prompter = (this.#prompter = await openPrompter(terminal, signal));
    const { questions, review } = asking({ ...parts, prompter, context, report: this.report });
    const wizard = (this.#wizard = new Wizard<Types["answers"]>({
      questions: review ? [...questions, review] : questions,
      given,
      read: this.#read,
      signal,
      failed: (error, asked) => this.#recover(error, asked, prompter),
      wait: async (text, awaited) => {
        this.report({ kind: "started", id: "look", text });
        return await awaited.finally(() => this.report({ kind: "ended", id: "look" }));
      },
    }));
    const opening = answers.quiet === true ? [] : this.#questionnaire.opening(answers);
    if (opening.length > 0) {
      view.notice([...opening.flatMap((line) => wrapped(line, terminal.stderr.width)), ""]);
    }
    const all = await wizard.run();
    return review?.applies(this.#read(all)) ? await wizard.shown(review) : undefined;
  }

  /** Tells what is in the way, and asks how to go on. */
  async #recover(
    error: unknown,
    { canGoBack, changeable }: { readonly canGoBack: boolean; readonly changeable: readonly Changeable[] },
    prompter: Prompter,
  ): Promise<Recovery> {
    const { view, terminal, signal } = this.#context;
    if (signal.aborted || !(error instanceof ActionableError)) throw error;
    if (error instanceof InterruptedError || error.code.endsWith(".declined")) throw error;
    view.notice(["", ...failureLines(describeFailure(error), "normal", terminal.stderr.width), ""]);
    const remedy = this.#questionnaire.remedies?.[error.code];
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

/** Asks which of the answers is to be given anew; going back leads to the question that this was asked from. */
export async function askWhatToChange(
  prompter: Pick<Prompter, "choose">,
  changeable: readonly Changeable[],
): Promise<Extract<WizardReply, { kind: "change" | "again" }>> {
  const reply = await prompter.choose({
    message: "Change which answer?",
    canGoBack: true,
    loading: "",
    preselected: undefined,
    choices: changeable.map(({ id, subject }) => ({ value: id, label: subject })),
  });
  return reply.kind === "back" ? { kind: "again" } : { kind: "change", question: reply.value };
}
