import { defineCommand } from "../options/define-command.ts";
import { setupOptions } from "./options.ts";

/** The whole job. */
export const setupCommand = defineCommand({
  description: [
    "Creates or reuses a service principal, grants it a role on the registry, proves that it can pull, and",
    "writes the pull secret. Run again, it changes only what is not as asked. At a terminal it asks for what is",
    "not given, and nothing is written before its plan was agreed to.",
  ].join(" "),
  options: setupOptions,
  examples: [
    ["setup", "at a terminal: asks for everything"],
    ["setup --registry myregistry -n awesomeapps --yes", "one namespace, and the defaults for all else"],
    ["setup --registry myregistry -n awesomeapps --dry-run", "only show what would be done"],
    ["setup --registry myregistry -n default -n awesomeapps --yes -o json", "two namespaces, in a pipeline"],
    ["setup --registry abacregistry -n awesomeapps --repository 'team/*' --yes", "some repositories only"],
  ],
  run: async (answers, context) => {
    const { runSetup } = await import("./run.ts");
    return await runSetup(answers, context);
  },
});
