import { flowCommand } from "../flow-command.ts";
import { removeChecks, type RemoveTypes, type WholeAnswers } from "./options.ts";

/** Undoes setup. */
export const removeCommand = flowCommand<RemoveTypes>({
  name: "remove",
  description: [
    "Unlinks service accounts, takes the registry's entry out of the pull secrets, and then removes this cluster's",
    "keys, its role and its application: each only as far as acr-pull made it and nothing else needs it. What is kept",
    "is said, with the reason. Run again, it goes on where it stopped.",
  ].join(" "),
  ...removeChecks,
  examples: [
    ["remove --registry myregistry --dry-run", "only show what would go, and what would stay"],
    [
      "remove --registry myregistry -n awesomeapps --yes",
      "one namespace; the key stays while others hold it",
    ],
    ["remove --registry myregistry", "at a terminal: shows the plan, and has the registry's name typed"],
    ["remove --registry myregistry --yes -o json", "in a pipeline"],
  ],
  input: async () => (answers) => answers as WholeAnswers,
  ports: async (open, answers) => ({
    ...(await open.workplace(answers, "azure")),
    azure: await open.azure(answers),
  }),
  flow: async () => (await import("../../core/remove/flow.ts")).remove,
  text: async () => (await import("./text.ts")).removeText,
  questions: async () => (await import("./questions.ts")).removeQuestionnaire,
});
