import { ActionableError } from "../../../domain/errors.ts";
import type { AnswerSheet, Texts } from "../../ask/answer-sheet.ts";
import { InterruptedError } from "../../interruption.ts";
import { UsageError } from "../../options/answers.ts";
import type { SetupAnswers } from "../options.ts";
import { tell, type SetupTalk } from "./talk.ts";

/** Options that mend a failure. */
interface Remedy {
  readonly label: string;
  readonly texts: Texts;
}

/** The option that named what is not there, by the code of the failure. */
const namedBy: Readonly<Record<string, string>> = {
  "registry.not-found": "registry",
  "registry.not-seen": "registry",
  "kubernetes.namespace-not-found": "namespaces",
};

/** What a person may agree to, by the code of the failure. */
const consents: Readonly<Record<string, Remedy>> = {
  "secret.not-ours": {
    label: "add the registry's entry to that secret, and leave the rest as it is",
    texts: { adopt: ["true"] },
  },
  "kubernetes.namespace-not-found": {
    label: "create the namespaces that are missing",
    texts: { createNamespace: ["true"] },
  },
};

/**
 * Shows why there is no plan, and asks how to continue.
 * @returns whether something is to be changed
 * @throws the error if the person stops
 */
export async function askHowToGoOn(talk: SetupTalk, error: unknown): Promise<boolean> {
  const { sheet, prompter, context } = talk;
  if (context.signal.aborted || !(error instanceof ActionableError)) throw error;
  if (error instanceof InterruptedError || error instanceof UsageError) throw error;
  tell(talk, error);
  const meant = nameMeant(sheet, error);
  const consent = consents[error.code];
  const remedies = [...(meant ? [meant] : []), ...(consent ? [consent] : [])];
  const choices = [
    ...remedies.map(({ label }) => ({ value: label, label })),
    { value: "change", label: "change something" },
    { value: "again", label: "try again" },
    { value: "stop", label: "stop here", detail: "nothing was written" },
  ];
  // Enter alone gives no consent.
  const reply = await prompter.choose("What now?", choices, meant?.label ?? "change");
  const remedy = remedies.find(({ label }) => label === reply);
  if (remedy) sheet.take(remedy.texts);
  if (reply === "stop") throw error;
  return reply === "change";
}

/** Names that exist, in place of those that do not. */
function nameMeant(sheet: AnswerSheet<SetupAnswers>, { code, meant }: ActionableError): Remedy | undefined {
  const option = namedBy[code];
  const pairs = Object.entries(meant);
  if (option === undefined || pairs.length === 0) return undefined;
  const named = option === "registry" ? Object.keys(meant) : sheet.texts(option);
  return {
    label: `use ${pairs.map(([name, instead]) => `${instead} in place of ${name}`).join(", ")}`,
    texts: { [option]: [...new Set(named.map((name) => meant[name] ?? name))] },
  };
}
