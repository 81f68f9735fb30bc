import type { Caller } from "../../../domain/identity.ts";
import { Once } from "../../../domain/once.ts";
import type { AzureConnection, AzureRequest, Connections } from "../../connections.ts";
import type { Prompter } from "../prompter.ts";
import type { Question } from "../question.ts";
import { azureRequest, type ServiceAnswers } from "../../requests.ts";
import { contextsQuestion } from "./contexts.ts";
import { signInQuestion } from "./sign-in.ts";

/** What the questions are asked with. */
export interface PlaceParts {
  readonly connections: Connections;
  readonly prompter: Prompter;
  /** Of the whole run. */
  readonly signal: AbortSignal;
  /** As whom the command will work: with no more of Azure than it needs. */
  readonly signIn: (request: AzureRequest) => Promise<{
    readonly directory: { caller(signal: AbortSignal): Promise<Caller> };
    readonly method: AzureConnection["method"];
  }>;
  /** What the account has to be allowed to do, in a sentence. */
  readonly rights: string;
}

/** As whom to work, and in which clusters: for a command that finds all else there. */
export function placeQuestions<Answers extends ServiceAnswers>({
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
        once.do("signed-in", azureRequest(answers), async () => {
          const { directory, method } = await signIn(azureRequest(answers));
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
      // One that is the only one, and the current one, needs no question.
      isOpen: ({ current, contexts }) => contexts.length > 1 || current === undefined,
    },
  ];
}
