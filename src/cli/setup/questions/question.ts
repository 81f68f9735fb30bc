import type { SetupAnswers } from "../options.ts";
import type { Prompter } from "../../ask/prompter.ts";
import type { Question } from "../../ask/question.ts";
import type { Lookups } from "./lookups.ts";
import type { ActionableError } from "../../../domain/errors.ts";
import { toned, type Line } from "../../show/terminal.ts";

/** A question of `setup`. */
export type SetupQuestion<Data = unknown> = Question<SetupAnswers, Data>;

/** What the questions of `setup` need. */
export interface SetupQuestionParts {
  readonly lookups: Lookups;
  readonly prompter: Prompter;
}

/** Options that decide which Azure is used, and as whom. */
export const azureOptions = ["auth"] as const;
/** Options that decide which registry is meant. */
export const registryOptions = [...azureOptions, "registry"] as const;
/** Options that decide whose rights on the registry are meant. */
export const principalOptions = [...registryOptions, "servicePrincipal", "contexts"] as const;
/** Options that decide which namespaces of which clusters are meant. */
export const placeOptions = ["contexts", "namespaces", "namespaceSelector", "createNamespace"] as const;

const missingRights = ["kubernetes.forbidden", "azure.forbidden", "directory.forbidden"];

/** Warns that a list is incomplete, and briefly says why: a missing right is common, and says enough. */
export function unlistedWarning(what: string, { code, message }: ActionableError, instead: string): Line {
  const why = missingRights.includes(code)
    ? "may not be listed"
    : `cannot be listed (${message.replace(/\.$/, "")})`;
  return [toned("warning", "! "), `${what} ${why}; ${instead}.`];
}

/** Shows something along with the current question, as soon as it is known. */
export function noteWhenKnown<Data>(
  prompter: Pick<Prompter, "note">,
  data: Promise<Data>,
  linesOf: (data: Data) => readonly Line[],
): void {
  const tell = (known: Data) => {
    for (const line of linesOf(known)) prompter.note(line);
  };
  // If the data fails to load, the question itself says why.
  data.then(tell, () => {});
}
