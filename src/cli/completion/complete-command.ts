import { exitCode } from "../../domain/exit-code.ts";
import { UsageError } from "../options/answers.ts";
import { defineCommand } from "../options/define-command.ts";

/** What the scripts of `completion` call, at each press of the key: a command line up to the cursor in, candidates out. */
export const completeCommand = defineCommand({
  description: "For the scripts that completion prints: what the last of these words can become.",
  options: {},
  examples: [],
  run: async (_answers, { operands, terminal, environment, commands, connect, view, signal }) => {
    const [asker = "", ...words] = operands;
    const [{ dialects }, { complete }] = await Promise.all([
      import("./dialects.ts"),
      import("./candidates.ts"),
    ]);
    const read = new Map(Object.entries(dialects)).get(asker);
    if (read === undefined) {
      throw new UsageError(`No such asker: ${JSON.stringify(asker)}`, "usage.invalid-value");
    }
    const asked = read(words);
    const connections = connect((event) => view.report(event), signal);
    const completion = await complete(asked.words, asked.current, {
      commands,
      environment,
      contextNames: (file) => connections.contextNames(file),
    });
    terminal.stdout.document(`${asked.answer(completion).join("\n")}\n`);
    return exitCode.ok;
  },
});
