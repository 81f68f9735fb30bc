import type { Report } from "../../core/progress.ts";
import { ActionableError } from "../../domain/errors.ts";
import type { FlowTypes, Questionnaire, QuestionParts } from "../flow-command.ts";
import type { Connections } from "../connections.ts";
import { InterruptedError } from "../interruption.ts";
import type { GivenOptions } from "../options/answers.ts";
import { describeFailure, failureLines } from "../show/failure.ts";
import { wrapped } from "../show/text-width.ts";
import type { Prompter } from "./prompter.ts";
import { openPrompter } from "./prompts/open-prompter.ts";
import type { Changeable, WizardReply } from "./question.ts";
import { Wizard, type Recovery } from "./wizard.ts";

/** Asks a person for what the command line does not say, and how to continue after a failure. */
export class Interview<Types extends FlowTypes> {
  readonly #questionnaire: Questionnaire<Types>;
  readonly #read: (given: GivenOptions) => Types["answers"];
  readonly #context: QuestionParts<Types>["context"];
  #prompter: Prompter | undefined;
  #wizard: Wizard<Types["answers"]> | undefined;

  constructor(
    questionnaire: Questionnaire<Types>,
    read: (given: GivenOptions) => Types["answers"],
    context: QuestionParts<Types>["context"],
  ) {
    this.#questionnaire = questionnaire;
    this.#read = read;
    this.#context = context;
  }

  /** Receives the progress of the run. While a question is on the screen, only notes are shown, along with it. */
  readonly report: Report = (event) => {
    const { view } = this.#context;
    if (!this.#prompter?.asking) view.report(event);
    else if (event.kind === "note") this.#prompter.note(event.text);
  };

  /** The options given and answered so far. */
  get given(): GivenOptions {
    return this.#wizard?.given ?? this.#context.given;
  }

  /**
   * Asks until no question is open.
   * @returns what the person saw when agreeing to the plan; undefined if no plan was shown
   * @throws InterruptedError for Ctrl-C, UsageError `….declined` for a no, and the error that stopped a question for
   *   good
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
    if (questions.some(({ options }) => options.includes("contexts"))) {
      await checkKubeconfig(parts.connections, answers.kubeconfig);
    }
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

  /** Shows what failed, and asks how to continue. */
  async #recover(
    error: unknown,
    { canGoBack, changeable }: { readonly canGoBack: boolean; readonly changeable: readonly Changeable[] },
    prompter: Prompter,
  ): Promise<Recovery> {
    const { view, terminal, signal } = this.#context;
    if (signal.aborted || !(error instanceof ActionableError)) throw error;
    if (error instanceof InterruptedError || error.code.endsWith(".declined")) throw error;
    const { width } = terminal.stderr;
    view.notice(["", ...failureLines(describeFailure(error), { debug: false, width }), ""]);
    const remedies = this.#questionnaire.remedies?.(error, this.given) ?? [];
    const reply = await prompter.choose({
      message: "What now?",
      canGoBack,
      loading: "",
      preselected: undefined,
      choices: [
        ...remedies.map(({ label }) => ({ value: label, label })),
        { value: "again", label: "try again" },
        ...(changeable.length > 0 ? [{ value: "change", label: "change an answer" }] : []),
        { value: "stop", label: "stop here", detail: "nothing was written" },
      ],
    });
    if (reply.kind === "back") return reply;
    const remedy = remedies.find(({ label }) => label === reply.value);
    if (remedy) return { kind: "given", ...remedy.more };
    if (reply.value === "again") return { kind: "again" };
    if (reply.value === "change") return await askWhatToChange(prompter, changeable);
    throw error;
  }
}

/**
 * Looks for contexts before the first question: without one, every answer would be in vain. Loads the client only if
 * there is none, because the client says why.
 * @throws ActionableError
 */
async function checkKubeconfig(
  connections: Pick<Connections, "contexts" | "contextNames">,
  file: string | undefined,
): Promise<void> {
  const names = await connections.contextNames(file);
  if (names.length === 0) await connections.contexts(file);
}

/** Asks which answer to change. Going back returns to the question that this was asked from. */
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
