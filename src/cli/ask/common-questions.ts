import type { KubeContext } from "../../core/ports.ts";
import type { AuthChoice, Caller } from "../../domain/identity.ts";
import { Once } from "../../domain/once.ts";
import {
  azureSignIn,
  type AzureConnection,
  type AzureSignIn,
  type ClusterRequest,
  type Connections,
  type KubeContexts,
} from "../connections.ts";
import type { Prompter, Choice } from "./prompter.ts";
import type { Question } from "./question.ts";
import { ActionableError } from "../../domain/errors.ts";
import { InterruptedError } from "../interruption.ts";
import { signInOptions, clusterOptions } from "../options/shared-options.ts";
import { brokenRule } from "../options/option.ts";

/** What the questions need. */
interface PlaceParts {
  readonly connections: Connections;
  readonly prompter: Prompter;
  /** The signal of the whole run. */
  readonly signal: AbortSignal;
  /** Signs in only to those parts of Azure that the command needs. */
  readonly signIn: (request: AzureSignIn) => Promise<{
    readonly directory: { caller(signal: AbortSignal): Promise<Caller> };
    readonly method: AzureConnection["method"];
  }>;
  /** What the account must be allowed to do, in a sentence. */
  readonly rights: string;
}

/** Asks for the account and the clusters, for a command that finds everything else in the clusters. */
export function placeQuestions<Answers extends AzureSignIn & ClusterRequest>({
  connections,
  prompter,
  signal,
  signIn,
  rights,
}: PlaceParts): ReadonlyArray<Question<Answers>> {
  const once = new Once();
  return [
    signInQuestion<Answers>({
      prompter,
      signedIn: (answers) =>
        once.do("signed-in", azureSignIn(answers), async () => {
          const { directory, method } = await signIn(azureSignIn(answers));
          return { caller: await directory.caller(signal), method };
        }),
      rights,
      applies: () => true,
    }),
    {
      ...contextsQuestion<Answers>({
        prompter,
        contexts: ({ kubeconfig }) => connections.contexts(kubeconfig),
      }),
      // A single current context needs no question.
      isOpen: ({ current, contexts }) => contexts.length > 1 || current === undefined,
    },
  ];
}

/** Who is signed in, and how. */
export interface SignedIn {
  readonly caller: Caller;
  readonly method: AzureConnection["method"];
}

/** What the question needs. */
interface SignInParts<Answers> {
  readonly prompter: Pick<Prompter, "choose">;
  /** @throws ActionableError when nobody is signed in */
  readonly signedIn: (answers: Answers) => Promise<SignedIn>;
  /** What the account must be allowed to do, in a sentence. */
  readonly rights: string;
  /** Whether anybody has to sign in at all. */
  readonly applies: (answers: Answers) => boolean;
}

/** Who is already signed in here, or why nobody is. */
type Recognised = SignedIn | ActionableError;

const by: Readonly<Record<SignedIn["method"], string>> = {
  cli: "by the Azure CLI",
  environment: "by environment variables",
  "workload-identity": "by this pod's workload identity",
  "managed-identity": "by this machine's managed identity",
  github: "by this job of GitHub Actions",
  "azure-pipelines": "by this job of Azure Pipelines",
  "device-code": "by a code",
  browser: "by a browser",
};

/** Which account to use in Azure: the one that is already signed in, or one that signs in now. */
export function signInQuestion<Answers extends { readonly auth: AuthChoice }>({
  prompter,
  signedIn,
  rights,
  applies,
}: SignInParts<Answers>): Question<Answers, Recognised> {
  return {
    id: "sign-in",
    subject: "the sign-in",
    options: ["auth"],
    settledBy: ["auth"],
    dependsOn: [],
    fetched: "early",
    applies,
    async look(answers) {
      try {
        return await signedIn({ ...answers, auth: "auto" });
      } catch (error) {
        if (error instanceof ActionableError && !(error instanceof InterruptedError)) return error;
        throw error;
      }
    },
    // A sign-in that involves a person begins only when it is chosen.
    expect: (recognised) => (recognised instanceof ActionableError ? undefined : { auth: ["auto"] }),
    async ask({ data, previous, canGoBack }) {
      const reply = await prompter.choose({
        message: signInOptions.auth.question ?? "",
        canGoBack,
        loading: "Checking who is signed in",
        choices: data.then((recognised) => choicesOf(recognised, rights)),
        preselected: previous["auth"]?.[0],
      });
      return reply.kind === "back" ? reply : { kind: "answer", value: { auth: [reply.value] } };
    },
  };
}

function choicesOf(recognised: Recognised, rights: string): Choice[] {
  const nobody = recognised instanceof ActionableError ? `${recognised.message.replace(/\.?$/, ".")} ` : "";
  const choices: Choice[] = [
    {
      value: "device-code",
      label: "a work account, with a code",
      detail: "in the browser of any device",
      explanation: `${nobody}${rights}`,
    },
    {
      value: "browser",
      label: "a work account",
      detail: "in a browser on this machine",
      explanation: rights,
    },
  ];
  if (recognised instanceof ActionableError) return choices;
  const { caller, method } = recognised;
  const signedIn: Choice = {
    value: "auto",
    label: `${caller.kind === "user" ? "" : "service principal "}${caller.name}`,
    detail: by[method],
    explanation: `In the tenant ${caller.tenantId}. ${rights}`,
  };
  const others =
    method === "cli" ? [] : [{ value: "cli", label: "the account of the Azure CLI", explanation: rights }];
  return [signedIn, ...others, ...choices];
}

/** What the question needs. */
interface ContextsParts<Answers> {
  readonly prompter: Pick<Prompter, "chooseSeveral">;
  readonly contexts: (answers: Answers) => Promise<KubeContexts>;
}

/** Which clusters, by the contexts of the kubeconfig; the current one first. */
export function contextsQuestion<Answers>({
  prompter,
  contexts,
}: ContextsParts<Answers>): Question<Answers, KubeContexts> {
  return {
    id: "contexts",
    subject: "the clusters",
    options: ["contexts"],
    settledBy: ["contexts"],
    dependsOn: [],
    fetched: "early",
    applies: () => true,
    look: contexts,
    expect: ({ current, contexts }) => {
      const likely = current ?? contexts[0]?.name;
      return likely === undefined ? {} : { contexts: [likely] };
    },
    async ask({ data, previous, canGoBack }) {
      // A local file is read at once, so the list does not wait for it.
      const { current, contexts } = await data;
      const first = current ?? contexts[0]?.name;
      const reply = await prompter.chooseSeveral({
        message: clusterOptions.contexts.question ?? "",
        canGoBack,
        loading: "Reading the kubeconfig",
        choices: [...contexts]
          .sort((left, right) => rank(left, current) - rank(right, current))
          .map((one) => contextChoice(one, current)),
        preselected: previous["contexts"] ?? (first === undefined ? [] : [first]),
        least: 1,
        check: (names) => Promise.resolve(unreadableName(names)),
      });
      return reply.kind === "back" ? reply : { kind: "answer", value: { contexts: reply.value } };
    },
  };
}

/** A kubeconfig may hold any name; only those that the option accepts can be chosen. */
function unreadableName(names: readonly string[]): string | undefined {
  for (const name of names) {
    const rule = brokenRule(clusterOptions.contexts, name);
    if (rule !== undefined) return `The name of the context ${name} ${rule}.`;
  }
  return undefined;
}

function rank({ name }: KubeContext, current: string | undefined): number {
  return name === current ? 0 : 1;
}

function contextChoice({ name, server }: KubeContext, current: string | undefined): Choice {
  const parts = [...(name === current ? ["current"] : []), ...(server === undefined ? [] : [server])];
  return { value: name, label: name, detail: parts.join(", ") };
}
