import { defineCommand } from "../options/define-command.ts";
import { statusOptions } from "./options.ts";

/** How every managed entry stands. */
export const statusCommand = defineCommand({
  description: [
    "Lists every entry that acr-pull manages in the chosen clusters: its registry, key, end and state; what waits for a",
    "later run; and keys that nothing holds any more. Changes nothing, and needs no more than to read secrets: what only",
    "the directory knows is then unknown. Exits with 5 when something is not in order, for a job that watches.",
  ].join(" "),
  options: statusOptions,
  examples: [
    ["status", "every entry in the current context's cluster"],
    ["status --expiring-within 45d -o json", "for a job that watches: exit 5 when something is to be done"],
  ],
  run: async (answers, context) => {
    const { runStatus } = await import("./run.ts");
    return await runStatus(answers, context);
  },
});
