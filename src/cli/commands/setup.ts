import { defineCommand } from "../command.ts";
import { setupOptions } from "../options.ts";

/** The whole job. */
export const setupCommand = defineCommand({
  name: "setup",
  summary: "give namespaces a pull secret for a registry",
  description: [
    "Creates or reuses a service principal, grants it a role on the registry, proves that it can pull, and",
    "writes the pull secret. Run again, it changes only what is not as asked.",
  ].join(" "),
  options: setupOptions,
  examples: [
    ["setup --registry myregistry -n awesomeapps", "one namespace, after showing the plan and asking"],
    ["setup --registry myregistry -n awesomeapps --dry-run", "only show what would be done"],
    ["setup --registry myregistry -n default -n awesomeapps --yes -o json", "two namespaces, in a pipeline"],
    ["setup --registry abacregistry -n awesomeapps --repository 'team/*' --yes", "some repositories only"],
  ],
  run: async (answers, context) => {
    const { runSetup } = await import("../setup/run-setup.ts");
    return await runSetup(answers, context);
  },
});
