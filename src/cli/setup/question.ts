import type { SetupAnswers } from "./options.ts";
import type { Prompter } from "../ask/prompter.ts";
import type { Question } from "../ask/question.ts";
import type { Lookups } from "./lookups.ts";

/** A question of `setup`. */
export type SetupQuestion<Data = unknown> = Question<SetupAnswers, Data>;

/** What the questions of `setup` are made with. */
export interface QuestionParts {
  readonly lookups: Lookups;
  readonly prompter: Prompter;
}

/** Options that decide which Azure is spoken to, and as whom. */
export const azureOptions = ["auth"] as const;
/** Options that decide which registry is meant. */
export const registryOptions = [...azureOptions, "registry"] as const;
/** Options that decide whose rights on the registry are meant. */
export const principalOptions = [...registryOptions, "servicePrincipal", "context"] as const;
/** Options that decide which namespaces of which clusters are meant. */
export const placeOptions = ["context", "namespace", "namespaceSelector", "createNamespace"] as const;
