import { defineCommand } from "../options/define-command.ts";
import { removeOptions } from "./options.ts";

/** Undoes setup. */
export const removeCommand = defineCommand({
  description: [
    "Unlinks service accounts, takes the registry's entry out of the pull secrets, and then removes this cluster's",
    "keys, its role and its application: each only as far as acr-pull made it and nothing else needs it. What is kept",
    "is said, with the reason. Run again, it goes on where it stopped.",
  ].join(" "),
  options: removeOptions,
  examples: [
    ["remove --registry myregistry --dry-run", "only show what would go, and what would stay"],
    [
      "remove --registry myregistry -n awesomeapps --yes",
      "one namespace; the key stays while others hold it",
    ],
    ["remove --registry myregistry", "at a terminal: shows the plan, and has the registry's name typed"],
    ["remove --registry myregistry --yes -o json", "in a pipeline"],
  ],
  run: async (answers, context) => {
    const { runRemove } = await import("./run.ts");
    return await runRemove(answers, context);
  },
});
