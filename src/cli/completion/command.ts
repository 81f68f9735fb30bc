import { exitCode } from "../../domain/exit-code.ts";
import { UsageError } from "../options/answers.ts";
import { defineCommand } from "../options/define-command.ts";
import { installationLines } from "./installation.ts";
import { shellNames } from "./shell.ts";

/** The script by which a shell completes command lines of this program. */
export const completionCommand = defineCommand({
  description: [
    "Prints a script that lets a shell complete commands, options and values. What it offers comes from the",
    "program itself and from the kubeconfig file (contexts, and the namespaces they name): nothing is asked of Azure",
    "or of a cluster.",
  ].join(" "),
  options: {},
  operandWords: shellNames,
  examples: [],
  moreHelp: installationLines,
  run: async (_answers, { operands, program, terminal }) => {
    const [given] = operands;
    const shell = shellNames.find((name) => name === given);
    if (shell === undefined) throw unknownShell(given, program);
    const { scripts } = await import("./scripts.ts");
    // As it stands, whatever ACR_PULL_OUTPUT says: it is read by a shell.
    terminal.stdout.document(scripts[shell]);
    return exitCode.ok;
  },
});

function unknownShell(given: string | undefined, program: string): UsageError {
  const known = shellNames.join(", ");
  const hint = `See ${program} completion --help.`;
  return given === undefined
    ? new UsageError(`Missing input: the shell, one of ${known}`, "usage.missing-input", hint)
    : new UsageError(
        `The shell must be one of ${known}; given: ${JSON.stringify(given)}`,
        "usage.invalid-value",
        hint,
      );
}
