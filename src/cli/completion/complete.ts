import { defineCommand } from "../command.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { UsageError } from "../options/answers.ts";
import { complete, type Completion } from "./candidates.ts";
import { readBashLine } from "./bash-line.ts";
import type { ShellName } from "./shell.ts";

/** The scripts of `completion` call this at each press of the key, with the line as typed. It prints candidates. */
export const completeCommand = defineCommand({
  description: "For the scripts that completion prints: what the last of these words can become.",
  options: {},
  examples: [],
  run: async (_answers, { operands, terminal, environment, commands, connect, view, signal }) => {
    const [asker = "", ...words] = operands;
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

/** Who asks for candidates: a shell through its script, or kubectl for the shell that it serves. */
export type Asker = ShellName | "kubectl";

/** What was asked: a command line up to the cursor. */
interface Asked {
  /** The words after the program's name and before the word under the cursor. */
  readonly words: readonly string[];
  readonly current: string;
  /** The lines of the answer. */
  answer(completion: Completion): readonly string[];
}

/**
 * How each asker passes a command line, and how it gets the answer. To a shell's script, the first line says what is
 * left to the shell. Each other line is a candidate, followed by tabs and whatever else that shell shows.
 */
export const dialects: Readonly<Record<Asker, (words: readonly string[]) => Asked>> = {
  // The first argument is the line, the second is the end of it that readline will replace.
  bash: ([line = "", replaced = ""]) => {
    const read = readBashLine(line, replaced);
    return {
      words: read.words.slice(1),
      current: read.current,
      answer: (completion) => [
        completion.leftToShell,
        ...beginningWith(read.current, completion).map(({ word }) => read.insert(word)),
      ],
    };
  },
  // These two choose among all candidates themselves, by rules that their user sets.
  zsh: withSummaries,
  fish: withSummaries,
  // Windows PowerShell drops an empty argument, so the word under the cursor comes after a mark.
  powershell: (args) => {
    const { words, current: marked } = lastApart(args);
    const current = marked.slice(1);
    return {
      words,
      current,
      answer: (completion) => [
        completion.leftToShell,
        ...beginningWith(current, completion).map(({ word, summary }) =>
          [quotedForPowerShell(word), word, summary || word].join("\t"),
        ),
      ],
    };
  },
  // Answers as cobra's `__complete` does: 0 leaves the word to the shell, which completes files, and 4 does not.
  // Source: https://github.com/kubernetes/sample-cli-plugin#shell-completion
  // Not all of kubectl's scripts quote what they insert, and the next press of the key runs what was inserted.
  kubectl: (args) => {
    const { words, current } = lastApart(args);
    return {
      words,
      current,
      answer: (completion) => [
        ...beginningWith(current, completion)
          .filter(({ word }) => needsNoQuotes.test(word))
          .map(withSummary),
        completion.leftToShell === "nothing" ? ":4" : ":0",
      ],
    };
  },
};

const needsNoQuotes = /^[\w@%+=:,./-]+$/;

function withSummaries(args: readonly string[]): Asked {
  return {
    ...lastApart(args),
    answer: ({ candidates, leftToShell }) => [leftToShell, ...candidates.map(withSummary)],
  };
}

function lastApart(args: readonly string[]): Pick<Asked, "words" | "current"> {
  return { words: args.slice(0, -1), current: args.at(-1) ?? "" };
}

function beginningWith(current: string, { candidates }: Completion): Completion["candidates"] {
  return candidates.filter(({ word }) => word.startsWith(current));
}

function withSummary({ word, summary }: Completion["candidates"][number]): string {
  return summary === "" ? word : `${word}\t${summary}`;
}

/** Source: https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules */
function quotedForPowerShell(word: string): string {
  return /^[\w./:=+-]+$/.test(word) ? word : `'${word.replace(/['‘’‚‛]/gu, "$&$&")}'`;
}
