import { exitCode } from "../../domain/exit-code.ts";
import { defineCommand } from "../command.ts";
import { UsageError } from "../options/answers.ts";

const shells = ["bash", "zsh", "fish", "powershell"];

/** Prints the script that lets a shell complete command lines of this program. */
export const completionCommand = defineCommand({
  description: [
    "Prints a script that lets a shell complete commands, options and values. It knows the program's own options, and",
    "reads the kubeconfig file for contexts and their namespaces.",
  ].join(" "),
  options: {},
  operandWords: shells,
  examples: [],
  moreHelp: installationLines,
  run: async (_answers, { operands: [shell], terminal }) => {
    const { scripts } = await import("./scripts.ts");
    const script = scripts.get(shell ?? "");
    if (script === undefined) {
      throw shell === undefined
        ? new UsageError(`Missing input: the shell, one of ${shells.join(", ")}.`, "usage.missing-input")
        : new UsageError(
            `The shell must be one of ${shells.join(", ")}; given: ${shell}.`,
            "usage.invalid-value",
          );
    }
    terminal.stdout.document(script);
    return exitCode.ok;
  },
});

/** Prints what the last of some words can become: for the scripts, and for kubectl, which serves a shell itself. */
export const completeCommand = defineCommand({
  description: "For the scripts that completion prints, and for kubectl.",
  options: {},
  examples: [],
  run: async (_answers, { operands, terminal, environment, commands, connect, view, signal }) => {
    const [asker, ...words] = operands;
    if (asker === "powershell") words.push((words.pop() ?? "").slice(1));
    const { candidatesFor } = await import("./candidates.ts");
    const connections = connect((event) => view.report(event), signal);
    const contextNames = (file: string | undefined) => connections.contextNames(file);
    const candidates = await candidatesFor(words, { commands, environment, contextNames });
    const lines = candidates.map(({ word, summary }) => `${word}\t${summary}`);
    // As cobra's `__complete` ends: 4 is the whole answer, 0 leaves the word to the shell, which completes files.
    // Source: https://github.com/kubernetes/sample-cli-plugin#shell-completion
    if (asker === "kubectl") lines.push(candidates.length > 0 ? ":4" : ":0");
    terminal.stdout.document(lines.map((line) => `${line}\n`).join(""));
    return exitCode.ok;
  },
});

/**
 * For each shell, how to switch its completion on: for this session, and permanently.
 *
 * `eval` and not `source <(...)`: bash 3.2, which macOS has, reads nothing from the latter. The folders that
 * bash-completion and zsh read by themselves differ from machine to machine; fish has one that always exists.
 */
export function installationLines(program: string): readonly string[] {
  return [
    "bash, for this session and permanently:",
    `  eval "$(${program} completion bash)"`,
    `  echo 'eval "$(${program} completion bash)"' >> ~/.bashrc`,
    "",
    "zsh (after compinit), for this session and permanently:",
    `  eval "$(${program} completion zsh)"`,
    `  echo 'eval "$(${program} completion zsh)"' >> ~/.zshrc`,
    "",
    "fish, for this session and permanently:",
    `  ${program} completion fish | source`,
    `  ${program} completion fish > ~/.config/fish/completions/acr-pull.fish`,
    "",
    "PowerShell, for this session and permanently:",
    `  ${program} completion powershell |Out-String|iex`,
    `  Add-Content $PROFILE '${program} completion powershell |Out-String|iex'`,
  ];
}
