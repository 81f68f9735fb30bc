import { flowCommand } from "../flow-command.ts";
import { suggester } from "../show/suggester.ts";
import { removeChecks, type RemoveTypes, type WholeAnswers } from "./options.ts";

/** Undoes setup. */
export const removeCommand = flowCommand<RemoveTypes>({
  name: "remove",
  description: [
    "Removes what setup gave a cluster: links of service accounts, the registry's entries in pull secrets, and the",
    "cluster's keys, role assignment and application. Keeps what acr-pull did not make and what something else still",
    "needs, and says why. After an interruption, the same command continues.",
  ].join(" "),
  ...removeChecks,
  examples: [
    ["remove --registry myregistry --dry-run", "only show what would be removed, and what would stay"],
    [
      "remove --registry myregistry -n awesomeapps --yes",
      "one namespace; the key stays while others hold it",
    ],
    ["remove --registry myregistry", "at a terminal: shows the plan, and asks for the name"],
    ["remove --registry myregistry --yes -o json", "in a pipeline"],
  ],
  input: async (_given, context) => (answers) => ({
    ...(answers as WholeAnswers),
    suggest: suggester(context),
  }),
  ports: async (open, answers) => ({
    ...(await open.workplace(answers, "azure")),
    azure: await open.azure(answers),
  }),
  flow: async () => (await import("../../core/remove/flow.ts")).remove,
  text: async () => (await import("./text.ts")).removeText,
  questions: async () => (await import("./questions.ts")).askForRemoval,
});
