import { ActionableError } from "../../../domain/errors.ts";
import type { Caller } from "../../../domain/identity.ts";
import type { AzureConnection } from "../../connections.ts";
import { InterruptedError } from "../../interruption.ts";
import type { AuthChoice } from "../../../domain/identity.ts";
import { signInOptions } from "../../options/options.ts";
import type { Choice, Prompter } from "../prompter.ts";
import type { Question } from "../question.ts";

/** Who is signed in, and by what. */
export interface SignedIn {
  readonly caller: Caller;
  readonly method: AzureConnection["method"];
}

/** What the question is asked with. */
export interface SignInParts<Answers> {
  readonly prompter: Pick<Prompter, "choose">;
  /** @throws ActionableError when nobody is signed in */
  readonly signedIn: (answers: Answers) => Promise<SignedIn>;
  /** What the account has to be allowed to do, in a sentence. */
  readonly rights: string;
  /** Whether anybody has to sign in at all. */
  readonly applies: (answers: Answers) => boolean;
}

/** Who is signed in here already, or why nobody is. */
type Recognised = SignedIn | ActionableError;

const by: Readonly<Record<SignedIn["method"], string>> = {
  cli: "by the Azure CLI",
  environment: "by environment variables",
  "workload-identity": "by this pod's workload identity",
  "managed-identity": "by this machine's managed identity",
  "device-code": "by a code",
  browser: "by a browser",
};

/** As whom to work in Azure: whoever is signed in already, else a work account that signs in now. */
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
    // A sign-in that asks for somebody begins when it was chosen.
    expect: (recognised) => (recognised instanceof ActionableError ? undefined : { auth: ["auto"] }),
    async ask({ data, previous, canGoBack }) {
      const reply = await prompter.choose({
        message: signInOptions.auth.question ?? "",
        canGoBack,
        loading: "Looking who is signed in",
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
