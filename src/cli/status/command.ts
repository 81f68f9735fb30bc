import { flowCommand } from "../flow-command.ts";
import { statusOptions, type StatusTypes } from "./options.ts";

/** Lists the state of every managed entry. */
export const statusCommand = flowCommand<StatusTypes>({
  name: "status",
  looksOnly: true,
  description: [
    "Lists every entry that acr-pull manages in a cluster: its registry, key, expiry and state. Also lists what waits for",
    "a later run, and keys that nothing holds. The right to read secrets is enough; what only the directory knows is",
    "then unknown. Exits with 5 when something is not in order. Writes nothing.",
  ].join(" "),
  options: statusOptions,
  examples: [
    ["status", "every entry in the current context's cluster"],
    ["status -o json", "for a monitor: exit 5 if something is not in order"],
  ],
  input: async () => (answers) => answers,
  ports: async (open, answers) => ({
    ...(await open.workplace(answers)),
    directory: async () => (await open.directory(answers)).directory,
    azure: () => open.azure(answers),
  }),
  flow: async () => (await import("../../core/status/flow.ts")).status,
  text: async () => (await import("./text.ts")).statusText,
});
