import { lookAhead, type Prospect } from "../../../core/setup/flow.ts";
import type { Report } from "../../../core/progress.ts";
import { BusyError } from "../../../core/turn/busy.ts";
import type { SecretText } from "../../../domain/secret-text.ts";
import { readAnswers, type GivenOptions } from "../../options/answers.ts";
import { type Asking, Interview, type Remedy } from "../../ask/interview.ts";
import type { CommandContext } from "../../command.ts";
import type { Connections } from "../../connections.ts";
import { setupOptions, type SetupAnswers } from "../options.ts";
import { contextsQuestion, signInQuestion } from "../../ask/common-questions.ts";
import { Lookups } from "./lookups.ts";
import { adoptQuestion, secretNameQuestion } from "./secret.ts";
import { lifetimeQuestion, principalQuestion } from "./principal.ts";
import { namespacesQuestion, serviceAccountsQuestion } from "./places.ts";
import { ownerConsentQuestion, repositoriesQuestion, roleQuestion } from "./role.ts";
import { registryQuestion } from "./registry.ts";
import { reviewQuestion } from "./review.ts";
import { type QuestionParts, type SetupQuestion, placeOptions, registryOptions } from "./question.ts";
import { setupInput, setupRequest, type WholeAnswers } from "../input.ts";

/** What was given and answered, and what was seen when the plan was agreed to. */
interface WalkedThrough {
  readonly given: GivenOptions;
  /** Undefined when no plan was shown. */
  readonly prospect: Prospect | undefined;
}

/** The questions of `setup` in their order: each answer narrows what the next ones offer. */
export function setupQuestions(parts: QuestionParts): readonly SetupQuestion[] {
  const { lookups, prompter } = parts;
  return [
    signInQuestion({
      prompter,
      signedIn: (answers) => lookups.signedIn(answers),
      rights: "It needs to register applications, and to assign roles on the registry.",
      applies: ({ noAzure }) => !noAzure,
    }),
    registryQuestion(parts),
    principalQuestion(parts),
    contextsQuestion({ prompter, contexts: (answers) => lookups.contexts(answers) }),
    namespacesQuestion(parts),
    secretNameQuestion(parts),
    adoptQuestion(parts),
    serviceAccountsQuestion(parts),
    // What the principal may do already is known by then.
    roleQuestion(parts),
    ownerConsentQuestion(parts),
    repositoriesQuestion(parts),
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
export class WalkThrough implements Asking<WalkedThrough> {
  readonly #context: Pick<CommandContext, "terminal" | "view" | "given" | "signal">;
  readonly #knownPassword: SecretText | undefined;
  readonly #interview: Interview<SetupAnswers>;

  constructor(
    context: Pick<CommandContext, "terminal" | "view" | "given" | "signal">,
    knownPassword: SecretText | undefined,
  ) {
    this.#context = context;
    this.#knownPassword = knownPassword;
    this.#interview = new Interview<SetupAnswers>({ context, read, remedies });
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
   * Asks until nothing is open.
   * @throws InterruptedError for Ctrl-C, UsageError `setup.declined` for a no, and what stopped a question for good
   */
  async run(connections: Connections): Promise<WalkedThrough> {
    const { terminal, view, given, signal } = this.#context;
    const prompter = await this.#interview.open();
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
    const wizard = await this.#interview.ask([...questions, review], brief || quiet ? [] : opening);
    const all = wizard.given;
    return { given: all, prospect: review.applies(read(all)) ? await wizard.shown(review) : undefined };
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
}

function read(given: GivenOptions): SetupAnswers {
  return readAnswers(setupOptions, given);
}

/** Options that decide which secrets are meant. */
const secretOptions = [...registryOptions, ...placeOptions, "secretName"] as const;

/** An option of `setup` that mends a failure. */
type SetupRemedy = Remedy & {
  readonly more: { readonly dependsOn: ReadonlyArray<keyof typeof setupOptions> };
};

/** What an option more would mend, by the code of the failure; it holds for what failed and for nothing else. */
const remedies: Readonly<Record<string, SetupRemedy>> = {
  "secret.not-ours": {
    label: "add the registry's entry to that secret, and leave all else in it alone",
    more: { texts: { adopt: ["true"] }, dependsOn: secretOptions },
  },
  "secret.other-principal": {
    label: "replace that service principal's entry",
    more: { texts: { switchPrincipal: ["true"] }, dependsOn: [...secretOptions, "servicePrincipal"] },
  },
  "kubernetes.namespace-not-found": {
    label: "create the namespaces that are missing",
    more: {
      texts: { createNamespace: ["true"] },
      dependsOn: ["context", "namespace", "namespaceSelector"],
    },
  },
};
