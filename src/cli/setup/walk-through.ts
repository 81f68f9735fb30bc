import { lookAhead, type Prospect } from "../../core/flows/setup.ts";
import type { Report } from "../../core/progress.ts";
import { BusyError } from "../../core/steps/busy.ts";
import { ActionableError } from "../../domain/errors.ts";
import type { SecretText } from "../../domain/secret-text.ts";
import { readAnswers, type GivenOptions } from "../answers.ts";
import type { CommandContext } from "../command.ts";
import type { Connections } from "../connections.ts";
import { InterruptedError } from "../interruption.ts";
import { setupOptions, type SetupAnswers } from "../options.ts";
import type { Prompter } from "../prompter.ts";
import { openPrompter } from "../prompts/open-prompter.ts";
import { describeFailure, failureLines } from "../views/failure.ts";
import { wrapped } from "../views/wrapped.ts";
import type { Changeable } from "../question.ts";
import { Wizard, type Recovery } from "../wizard.ts";
import { Lookups } from "./lookups.ts";
import { askWhatToChange } from "./questions/answer-to-change.ts";
import { adoptQuestion } from "./questions/adopt.ts";
import { contextsQuestion } from "./questions/contexts.ts";
import { lifetimeQuestion } from "./questions/lifetime.ts";
import { namespacesQuestion } from "./questions/namespaces.ts";
import { ownerConsentQuestion } from "./questions/owner-consent.ts";
import { principalQuestion } from "./questions/principal.ts";
import { registryQuestion } from "./questions/registry.ts";
import { repositoriesQuestion } from "./questions/repositories.ts";
import { reviewQuestion } from "./questions/review.ts";
import { roleQuestion } from "./questions/role.ts";
import { secretNameQuestion } from "./questions/secret-name.ts";
import { serviceAccountsQuestion } from "./questions/service-accounts.ts";
import type { QuestionParts, SetupQuestion } from "./questions/setup-question.ts";
import { signInQuestion } from "./questions/sign-in.ts";
import { remedies } from "./remedies.ts";
import { setupInput, setupRequest, type WholeAnswers } from "./setup-input.ts";

/** What was given and answered, and what was seen when the plan was agreed to. */
export interface WalkedThrough {
  readonly given: GivenOptions;
  /** Undefined when no plan was shown. */
  readonly prospect: Prospect | undefined;
}

/** The questions of `setup` in their order: each answer narrows what the next ones offer. */
export function setupQuestions(parts: QuestionParts): readonly SetupQuestion[] {
  return [
    signInQuestion(parts),
    registryQuestion(parts),
    roleQuestion(parts),
    ownerConsentQuestion(parts),
    repositoriesQuestion(parts),
    principalQuestion(parts),
    contextsQuestion(parts),
    namespacesQuestion(parts),
    secretNameQuestion(parts),
    adoptQuestion(parts),
    serviceAccountsQuestion(parts),
    lifetimeQuestion(parts),
  ];
}

const opening = [
  "Gives namespaces of a Kubernetes cluster a secret to pull images from an Azure Container Registry.",
  "Nothing is written before the plan was shown and agreed to. Ctrl-C stops.",
];

/** Without these nothing can be done; for all else `--yes` and `--dry-run` take the defaults. */
const indispensable = new Set(["registry", "owner-consent"]);

/** Asks a person for whatever `setup` was not given, and for a yes to the plan. */
export class WalkThrough {
  readonly #context: Pick<CommandContext, "terminal" | "view" | "given" | "signal">;
  readonly #knownPassword: SecretText | undefined;
  #prompter: Prompter | undefined;
  #wizard: Wizard<SetupAnswers> | undefined;

  constructor(
    context: Pick<CommandContext, "terminal" | "view" | "given" | "signal">,
    knownPassword: SecretText | undefined,
  ) {
    this.#context = context;
    this.#knownPassword = knownPassword;
  }

  /** Hears the run: while a question is on the screen only what must be known is shown, beside it. */
  readonly report: Report = (event) => {
    const { view } = this.#context;
    if (!this.#prompter?.asking) view.report(event);
    else if (event.kind === "note") this.#prompter.note(event.text);
  };

  /**
   * Asks until nothing is open.
   * @throws InterruptedError for Ctrl-C, UsageError `setup.declined` for a no, and what stopped a question for good
   */
  async run(connections: Connections): Promise<WalkedThrough> {
    const { terminal, view, given, signal } = this.#context;
    const prompter = (this.#prompter = await openPrompter(terminal, signal));
    const everything = setupQuestions({ lookups: new Lookups(connections, signal), prompter });
    const { yes, dryRun, quiet } = read(given);
    // The plan of a dry run shows what the defaults come to, as the review does when everything is asked.
    const brief = yes || dryRun;
    const questions = brief ? everything.filter(({ id }) => indispensable.has(id)) : everything;
    const review = reviewQuestion({
      prompter,
      view,
      columns: () => terminal.stderr.width,
      lookAhead: (answers, signal) => this.#lookAhead(answers as WholeAnswers, connections, signal),
    });
    const wizard = new Wizard<SetupAnswers>({
      questions: [...questions, review],
      given,
      read,
      signal,
      failed: (error, asked) => this.#recover(error, asked),
      wait: async (text, awaited) => {
        this.report({ kind: "started", id: "look", text });
        return await awaited.finally(() => this.report({ kind: "ended", id: "look" }));
      },
    });
    this.#wizard = wizard;
    if (!brief && !quiet)
      view.notice([...opening.flatMap((line) => wrapped(line, terminal.stderr.width)), ""]);
    const all = await wizard.run();
    return { given: all, prospect: review.applies(read(all)) ? await wizard.shown(review) : undefined };
  }

  /** What was given and answered so far. */
  get given(): GivenOptions {
    return this.#wizard?.given ?? this.#context.given;
  }

  async #lookAhead(
    answers: WholeAnswers,
    connections: Connections,
    signal: AbortSignal,
  ): Promise<Prospect | undefined> {
    const ports = await connections.setup(setupRequest(answers));
    try {
      return await lookAhead(setupInput(answers, this.#knownPassword), ports, this.report, signal);
    } catch (error) {
      if (error instanceof BusyError) return undefined;
      throw error;
    }
  }

  /** Tells what is in the way, and asks how to go on. */
  async #recover(
    error: unknown,
    { canGoBack, changeable }: { readonly canGoBack: boolean; readonly changeable: readonly Changeable[] },
  ): Promise<Recovery> {
    const { view, terminal, signal } = this.#context;
    const prompter = this.#prompter;
    if (signal.aborted || !(error instanceof ActionableError) || !prompter) throw error;
    if (error instanceof InterruptedError || error.code === "setup.declined") throw error;
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

function read(given: GivenOptions): SetupAnswers {
  return readAnswers(setupOptions, given);
}
