import { lookAhead, type Preview } from "../../../core/setup/flow.ts";
import { BusyError } from "../../../core/turn/busy.ts";
import type { ActionableError } from "../../../domain/errors.ts";
import type { GivenOptions } from "../../options/answers.ts";
import { contextsQuestion, signInQuestion } from "../../ask/common-questions.ts";
import type { Questionnaire, QuestionParts, Remedy } from "../../flow-command.ts";
import type { SetupTypes } from "../options.ts";
import type { setupOptions, SetupAnswers, WholeAnswers } from "../options.ts";
import { Lookups } from "./lookups.ts";
import { namespacesQuestion, serviceAccountsQuestion } from "./places.ts";
import { lifetimeQuestion, principalQuestion } from "./principal.ts";
import {
  azureOptions,
  placeOptions,
  registryOptions,
  type SetupQuestion,
  type SetupQuestionParts,
} from "./question.ts";
import { registryQuestion } from "./registry.ts";
import { reviewQuestion } from "./review.ts";
import { ownerConsentQuestion, repositoriesQuestion, roleQuestion } from "./role.ts";
import { adoptQuestion, secretNameQuestion } from "./secret.ts";

/** The questions of `setup` in their order: each answer narrows what the next ones offer. */
export function setupQuestions(
  parts: SetupQuestionParts,
  { attach }: Pick<SetupAnswers, "attach">,
): readonly SetupQuestion[] {
  const { lookups, prompter } = parts;
  return [
    signInQuestion({
      prompter,
      signedIn: (answers) => lookups.signedIn(answers),
      rights: attach
        ? "It needs to see the cluster, and to assign roles on the registry."
        : "It needs to register applications, and to assign roles on the registry.",
      applies: () => true,
    }),
    registryQuestion(parts),
    principalQuestion(parts),
    contextsQuestion({ prompter, contexts: (answers) => lookups.contexts(answers) }),
    namespacesQuestion(parts),
    secretNameQuestion(parts),
    adoptQuestion(parts),
    serviceAccountsQuestion(parts),
    // Asked only now, when it is known what the principal may already do.
    roleQuestion(parts),
    ownerConsentQuestion(parts),
    repositoriesQuestion(parts),
    lifetimeQuestion(parts),
  ];
}

const opening = [
  "Gives namespaces of a Kubernetes cluster a secret that pulls images from an Azure Container Registry.",
  "Nothing is written before you agree to the plan. Ctrl-C stops.",
];

const attachOpening = [
  "Lets the nodes of an AKS cluster pull images from an Azure Container Registry, with no secret and no password.",
  "Nothing is written before you agree to the plan. Ctrl-C stops.",
];

/** Nothing can be done without these. For everything else, `--yes` and `--dry-run` take the defaults. */
const indispensable = new Set(["registry", "owner-consent"]);

/** What `--attach` asks for. It makes no secret and no principal. */
const ofAttaching = new Set(["sign-in", "registry", "contexts"]);

/** Options that decide which secrets are meant. */
const secretOptions = [...registryOptions, ...placeOptions, "secretName"] as const;

/** An option of `setup` that fixes a failure. */
type SetupRemedy = Remedy & {
  readonly more: { readonly dependsOn: ReadonlyArray<keyof typeof setupOptions> };
};

/** Options that would fix a failure. The name that was meant comes first, because it creates nothing. */
function remedies(error: ActionableError, given: GivenOptions): readonly SetupRemedy[] {
  const known = consents[error.code];
  return [...rightNames(error, given), ...(known ? [known] : [])];
}

/** Names that exist, in place of those that do not. */
function rightNames({ code, meant }: ActionableError, given: GivenOptions): readonly SetupRemedy[] {
  const [option] = dependsOnNames[code] ?? [];
  const pairs = Object.entries(meant);
  if (option === undefined || pairs.length === 0) return [];
  const asked = (option === "namespaces" && given.get(option)?.texts) || Object.keys(meant);
  return [
    {
      label: `use ${pairs.map(([name, instead]) => `${instead} in place of ${name}`).join(", ")}`,
      more: {
        texts: { [option]: [...new Set(asked.map((name) => meant[name] ?? name))] },
        dependsOn: dependsOnNames[code] ?? [],
      },
    },
  ];
}

/** By the code of a failure: the option that named a missing thing, then those that decide where it was looked for. */
const dependsOnNames: Readonly<Record<string, SetupRemedy["more"]["dependsOn"]>> = {
  "registry.not-found": ["registry", ...azureOptions],
  "registry.not-seen": ["registry", ...azureOptions],
  "kubernetes.namespace-not-found": ["namespaces", "contexts"],
};

/** Consents that would fix a failure, by its code. */
const consents: Readonly<Record<string, SetupRemedy>> = {
  "secret.not-ours": {
    label: "add the registry's entry to that secret, and leave the rest as it is",
    more: { texts: { adopt: ["true"] }, dependsOn: secretOptions },
  },
  "kubernetes.namespace-not-found": {
    label: "create the namespaces that are missing",
    more: {
      texts: { createNamespace: ["true"] },
      dependsOn: ["contexts", "namespaces", "namespaceSelector"],
    },
  },
};

/** The questions of `setup`: everything that was not given, and a yes to the plan. */
export const setupQuestionnaire: Questionnaire<SetupTypes> = {
  // The plan of a dry run shows what the defaults come to, as the review does when everything is asked.
  opening: (given) => (takesDefaults(given) ? [] : given.attach ? attachOpening : opening),
  questions: (given) => (parts) => {
    const { connections, prompter, context } = parts;
    const all = setupQuestions({ lookups: new Lookups(connections, context.signal), prompter }, given);
    // Its plan is short, and is shown by the code that asks for a yes.
    if (given.attach) {
      const ids = takesDefaults(given) ? indispensable : ofAttaching;
      return { questions: all.filter(({ id }) => ids.has(id)) };
    }
    return {
      questions: takesDefaults(given) ? all.filter(({ id }) => indispensable.has(id)) : all,
      review: reviewQuestion({ prompter, context, lookAhead: (...at) => planAhead(parts, ...at) }),
    };
  },
  remedies,
};

function takesDefaults({ yes, dryRun }: SetupAnswers): boolean {
  return yes || dryRun;
}

/** What setup would do; undefined while another run is at work. */
async function planAhead(
  { inputOf, portsOf, report }: QuestionParts<SetupTypes>,
  answers: SetupAnswers,
  signal: AbortSignal,
): Promise<Preview | undefined> {
  const whole = answers as WholeAnswers;
  const ports = await portsOf(whole);
  try {
    return await lookAhead(inputOf(whole), ports, report, signal);
  } catch (error) {
    if (error instanceof BusyError) return undefined;
    throw error;
  }
}
