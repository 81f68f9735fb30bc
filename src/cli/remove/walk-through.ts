import { listRemovableRegistries } from "../../core/flows/remove.ts";
import type { Report } from "../../core/progress.ts";
import { Once } from "../../domain/once.ts";
import { readAnswers, type GivenOptions } from "../answers.ts";
import type { CommandContext } from "../command.ts";
import type { Connections } from "../connections.ts";
import { Interview } from "../interview.ts";
import type { Prompter } from "../prompter.ts";
import type { Question } from "../question.ts";
import { contextsQuestion } from "../questions/contexts.ts";
import { signInQuestion } from "../questions/sign-in.ts";
import { azureRequest, clusterRequest } from "../requests.ts";
import { registryQuestion } from "./registry-question.ts";
import { removeOptions, type RemoveAnswers } from "./remove-options.ts";

/** What the questions of `remove` are made with. */
export interface RemoveQuestionParts {
  readonly connections: Connections;
  readonly prompter: Prompter;
  /** Of the whole run. */
  readonly signal: AbortSignal;
}

/** The questions of `remove` in their order. */
export function removeQuestions({
  connections,
  prompter,
  signal,
}: RemoveQuestionParts): ReadonlyArray<Question<RemoveAnswers>> {
  const once = new Once();
  return [
    signInQuestion<RemoveAnswers>({
      prompter,
      signedIn: (answers) =>
        once.do("signed-in", azureRequest(answers), async () => {
          const { directory, method } = await connections.azure(azureRequest(answers));
          return { caller: await directory.caller(signal), method };
        }),
      rights: "It needs to own the application, and to be allowed to take roles back on the registry.",
      applies: () => true,
    }),
    {
      ...contextsQuestion<RemoveAnswers>({
        prompter,
        contexts: ({ kubeconfig }) => connections.contexts(kubeconfig),
      }),
      isOpen: ({ current, contexts }) => contexts.length > 1 || current === undefined,
    },
    registryQuestion({
      prompter,
      registries: async (answers, signal) => {
        const clusters = await connections.clusters(clusterRequest(answers));
        const wish = { ...answers, namespaces: answers.namespace };
        return await listRemovableRegistries(wish, { clusters }, signal);
      },
    }),
  ];
}

const opening = [
  "Takes back what acr-pull setup gave a cluster for one registry.",
  "Nothing is written before the plan was shown and agreed to. Ctrl-C stops.",
];

/** Asks a person which registry is meant, where, and as whom to work, where `remove` was not told. */
export class WalkThrough {
  readonly #context: Pick<CommandContext, "terminal" | "view" | "given" | "signal">;
  readonly #interview: Interview<RemoveAnswers>;

  constructor(context: Pick<CommandContext, "terminal" | "view" | "given" | "signal">) {
    this.#context = context;
    this.#interview = new Interview<RemoveAnswers>({ context, read, remedies: {} });
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
   * Asks until nothing is open; with `--yes` and `--dry-run`, which take the defaults, nothing but the registry.
   * @throws InterruptedError for Ctrl-C, and what stopped a question for good
   */
  async run(connections: Connections): Promise<GivenOptions> {
    const { given, signal } = this.#context;
    const { yes, dryRun, quiet, registry } = read(given);
    const takesDefaults = yes || dryRun;
    if (takesDefaults && registry !== undefined) return given;
    const prompter = await this.#interview.open();
    const questions = removeQuestions({ connections, prompter, signal });
    const asked = takesDefaults ? questions.filter(({ id }) => id === "registry") : questions;
    return (await this.#interview.ask(asked, quiet ? [] : opening)).given;
  }
}

function read(given: GivenOptions): RemoveAnswers {
  return readAnswers(removeOptions, given);
}
