import type { Report } from "../../core/progress.ts";
import type { GivenOptions } from "../options/answers.ts";
import type { CommandContext } from "../command.ts";
import type { Connections } from "../connections.ts";
import { InterruptedError } from "../interruption.ts";
import { interruptedAtQuestion } from "../stoppable.ts";
import { ActionableError } from "../../domain/errors.ts";
import { type Prompter, openPrompter } from "./prompter.ts";
import type { Changeable, OptionMore, Question, WizardReply } from "./question.ts";
import { describeFailure, failureLines } from "../show/failure.ts";
import { wrapped } from "../show/text-width.ts";
import { Wizard, type Recovery } from "./wizard.ts";

/** Asks a person what a command was not given. */
export interface Asking<Asked> {
  /** Hears the run. */
  readonly report: Report;
  /** What was given and answered so far. */
  readonly given: GivenOptions;
  /** @throws InterruptedError for Ctrl-C, and what stopped a question for good */
  run(connections: Connections): Promise<Asked>;
}

/** What a run goes on with. */
interface AskedFirst<Asked> {
  readonly report: Report;
  readonly connections: Connections;
  /** Undefined where nobody could be asked. */
  readonly asked: Asked | undefined;
}

/**
 * Connects, and asks first where somebody is there to be asked.
 * @param open loads what asks: a run without a terminal does not need it
 * @param again the command line that goes on from what was answered so far
 */
export async function askFirst<Asked>(
  context: Pick<CommandContext, "terminal" | "view" | "connect" | "signal">,
  open: () => Promise<Asking<Asked>>,
  again: (given: GivenOptions) => string,
): Promise<AskedFirst<Asked>> {
  const asking = context.terminal.interactive ? await open() : undefined;
  const report = asking?.report ?? context.view.report;
  const connections = context.connect(report, context.signal);
  const asked = await asking?.run(connections).catch((error: unknown) => {
    if (!(error instanceof InterruptedError)) throw error;
    throw interruptedAtQuestion(error, again(asking.given));
  });
  return { report, connections, asked };
}

/** A way to go on after a failure. */
export interface Remedy {
  /** What is agreed to by it. */
  readonly label: string;
  readonly more: Omit<OptionMore, "kind">;
}

/** What an interview is held with. */
interface InterviewParts<Answers> {
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

/** What a walk through a command's questions is made of. */
interface QuestionWalkParts<Answers> {
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
