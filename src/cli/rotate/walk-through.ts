import { listRotatableKeys } from "../../core/flows/rotate.ts";
import type { Report } from "../../core/progress.ts";
import { Once } from "../../domain/once.ts";
import { readAnswers, type GivenOptions } from "../answers.ts";
import type { CommandContext } from "../command.ts";
import type { Connections } from "../connections.ts";
import { Interview } from "../interview.ts";
import { rotateOptions, type RotateAnswers } from "./rotate-options.ts";
import type { Prompter } from "../prompter.ts";
import type { Question } from "../question.ts";
import { contextsQuestion } from "../questions/contexts.ts";
import { signInQuestion } from "../questions/sign-in.ts";
import { azureRequest, clusterRequest } from "../requests.ts";
import { keysQuestion } from "./keys-question.ts";

/** What the questions of `rotate` are made with. */
export interface RotateQuestionParts {
  readonly connections: Connections;
  readonly prompter: Prompter;
  /** Of the whole run. */
  readonly signal: AbortSignal;
}

/** The questions of `rotate` in their order. */
export function rotateQuestions({
  connections,
  prompter,
  signal,
}: RotateQuestionParts): ReadonlyArray<Question<RotateAnswers>> {
  const once = new Once();
  return [
    signInQuestion<RotateAnswers>({
      prompter,
      signedIn: (answers) =>
        once.do("signed-in", azureRequest(answers), async () => {
          const { directory, method } = await connections.directory(azureRequest(answers));
          return { caller: await directory.caller(signal), method };
        }),
      rights: "It needs to own the application, or to be allowed to change every application.",
      applies: () => true,
    }),
    {
      ...contextsQuestion<RotateAnswers>({
        prompter,
        contexts: ({ kubeconfig }) => connections.contexts(kubeconfig),
      }),
      isOpen: ({ current, contexts }) => contexts.length > 1 || current === undefined,
    },
    keysQuestion({
      prompter,
      keys: async (answers, signal) => {
        const clusters = await connections.clusters(clusterRequest(answers));
        return await listRotatableKeys(answers, { clusters }, signal);
      },
      now: () => new Date(),
    }),
  ];
}

const opening = [
  "Replaces the passwords that a cluster's pull secrets hold, with no failed pull in between.",
  "Nothing is written before the plan was shown and agreed to. Ctrl-C stops.",
];

/** Asks a person which keys are meant, and as whom to work, where `rotate` was not told. */
export class WalkThrough {
  readonly #context: Pick<CommandContext, "terminal" | "view" | "given" | "signal">;
  readonly #interview: Interview<RotateAnswers>;

  constructor(context: Pick<CommandContext, "terminal" | "view" | "given" | "signal">) {
    this.#context = context;
    this.#interview = new Interview<RotateAnswers>({ context, read, remedies: {} });
  }

  /** Hears the run. */
  get report(): Report {
    return this.#interview.report;
  }

  /** What was given and answered so far. */
  get given(): GivenOptions {
    return this.#interview.given;
  }

  /**
   * Asks until nothing is open; nothing with `--yes` and `--dry-run`, which take the defaults.
   * @throws InterruptedError for Ctrl-C, and what stopped a question for good
   */
  async run(connections: Connections): Promise<GivenOptions> {
    const { given, signal } = this.#context;
    const { yes, dryRun, quiet } = read(given);
    if (yes || dryRun) return given;
    const prompter = await this.#interview.open();
    const questions = rotateQuestions({ connections, prompter, signal });
    return (await this.#interview.ask(questions, quiet ? [] : opening)).given;
  }
}

function read(given: GivenOptions): RotateAnswers {
  return readAnswers(rotateOptions, given);
}
