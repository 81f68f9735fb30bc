import type { Writing } from "../../core/ports.ts";
import { namedAs } from "../../core/cluster/registry-meant.ts";
import type { SetupPorts } from "../../core/setup/contract.ts";
import { flowCommand } from "../flow-command.ts";
import type { Connections } from "../connections.ts";
import { suggester } from "../show/suggester.ts";
import { setupChecks } from "./checks.ts";
import { isWithoutAzure, type SetupAnswers, type WholeAnswers, type SetupTypes } from "./options.ts";

/** Gives namespaces a working pull secret: the whole job. */
export const setupCommand = flowCommand<SetupTypes>({
  name: "setup",
  description: [
    "Gives namespaces a pull secret for a registry: creates or reuses a service principal, assigns it a role, proves",
    "that it can pull, and writes the secret. When run again, it changes only what differs from what you ask for. At a",
    "terminal it asks for what you leave out, and writes nothing before you agree to its plan.",
  ].join(" "),
  ...setupChecks,
  examples: [
    ["setup", "at a terminal: asks for everything"],
    ["setup --registry myregistry -n awesomeapps --yes", "one namespace, with the defaults for the rest"],
    ["setup --registry myregistry -n awesomeapps --dry-run", "only show what would be done"],
    ["setup --registry myregistry -n default -n awesomeapps --yes -o json", "two namespaces, in a pipeline"],
    ["setup --registry abacregistry -n awesomeapps --repository 'team/*' --yes", "only some repositories"],
    [
      "setup --registry myregistry -n awesomeapps --manifest deploy/ --seal-with 'kubeseal -o yaml' --yes",
      "sealed documents to commit",
    ],
    ["setup --registry myregistry --attach --yes", "AKS: the nodes pull, with no secret and no password"],
  ],
  async input(given, context) {
    const { checkCredentialsFile, passwordFromStream } = await import("./files.ts");
    if (!given.dryRun) await checkCredentialsFile(given.credentialsFile);
    const { terminal, signal } = context;
    const knownPassword = given.passwordStdin ? await passwordFromStream(terminal.stdin, signal) : undefined;
    const suggest = suggester(context);
    return (answers) => ({ ...(answers as WholeAnswers), knownPassword, suggest });
  },
  ports: setupPorts,
  flow: async ({ attach }) =>
    attach
      ? (await import("../../core/setup/attach/flow.ts")).attach
      : (await import("../../core/setup/flow.ts")).setup,
  text: async () => (await import("./text.ts")).setupText,
  questions: async () => (await import("./questions/questions.ts")).askForSetup,
});

/** What `setup` works with. Without Azure, the login server is checked instead. */
export async function setupPorts(open: Connections, answers: SetupAnswers): Promise<Writing<SetupPorts>> {
  const { registry, cloud } = answers as WholeAnswers;
  const alone = isWithoutAzure(answers);
  const [workplace, { credentialsFile: files }] = await Promise.all([
    open.workplace({ ...answers, mayBeUnreached: true }, alone ? undefined : "azure"),
    import("./files.ts"),
  ]);
  if (alone) await open.checkLoginServer(cloud, namedAs(registry));
  return { ...workplace, azure: alone ? undefined : await open.azure(answers), files };
}
