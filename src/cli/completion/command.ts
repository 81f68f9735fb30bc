import { defineCommand } from "../command.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { UsageError } from "../options/answers.ts";
import { shellNames, type ShellName } from "./shell.ts";

/** Prints the script that lets a shell complete command lines of this program. */
export const completionCommand = defineCommand({
  description: [
    "Prints a script that lets a shell complete commands, options and values. It knows the program's own options, and",
    "reads the kubeconfig file for contexts and their namespaces.",
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
    // Always plain text, whatever ACR_PULL_OUTPUT says: a shell reads it.
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

interface Installation {
  /** For the shell that is running. */
  readonly now: string;
  /** For every shell started from now on. */
  readonly always: string;
}

/*
 * `eval` and not `source <(...)`: bash 3.2, which macOS has, reads nothing from the latter. The folders that
 * bash-completion and zsh read by themselves differ from machine to machine; fish has one that always exists.
 */
const installations: Record<ShellName, (program: string) => Installation> = {
  bash: (program) => ({
    now: `eval "$(${program} completion bash)"`,
    always: `echo 'eval "$(${program} completion bash)"' >> ~/.bashrc`,
  }),
  zsh: (program) => ({
    now: `eval "$(${program} completion zsh)"`,
    always: `echo 'eval "$(${program} completion zsh)"' >> ~/.zshrc`,
  }),
  fish: (program) => ({
    now: `${program} completion fish | source`,
    always: `${program} completion fish > ~/.config/fish/completions/acr-pull.fish`,
  }),
  powershell: (program) => ({
    now: `${program} completion powershell |Out-String|iex`,
    always: `Add-Content $PROFILE '${program} completion powershell |Out-String|iex'`,
  }),
};

/** For each shell, how to switch its completion on. */
export function installationLines(program: string): readonly string[] {
  return shellNames.flatMap((shell, index) => {
    const { now, always } = installations[shell](program);
    return [
      ...(index > 0 ? [""] : []),
      `${headings[shell]}, for this session and permanently:`,
      `  ${now}`,
      `  ${always}`,
    ];
  });
}

const headings: Record<ShellName, string> = {
  bash: "bash",
  zsh: "zsh (after compinit)",
  fish: "fish",
  powershell: "PowerShell",
};
