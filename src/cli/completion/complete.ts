import { defineCommand } from "../command.ts";
import { exitCode } from "../../domain/exit-code.ts";
import { completionVariable, UsageError } from "../options/answers.ts";
import { complete, type Completion } from "./candidates.ts";
import { readBashLine } from "./bash-line.ts";
import type { Variables } from "../../domain/proxy.ts";
import type { Connect } from "../connections.ts";
import type { ServerNames } from "./server-names.ts";
import type { ShellName } from "./shell.ts";

/** What the scripts of `completion` call, at each press of the key: a command line up to the cursor in, candidates out. */
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
      serverNames:
        environment[completionVariable] === "server"
          ? await openServerNames(connect, environment)
          : undefined,
    });
    terminal.stdout.document(`${asked.answer(completion).join("\n")}\n`);
    return exitCode.ok;
  },
});

async function openServerNames(connect: Connect, environment: Variables): Promise<ServerNames> {
  const [{ serverNames }, { cacheFolder }] = await Promise.all([
    import("./server-names.ts"),
    import("../cache-folder.ts"),
  ]);
  return serverNames(connect, environment, cacheFolder(environment, process.platform));
}

/** Who asks for candidates: a shell by its script, or kubectl for the shell it serves. */
export type Asker = ShellName | "kubectl";

/** What was asked: a command line up to the cursor. */
interface Asked {
  /** What stands before the word under the cursor, behind the program's name. */
  readonly words: readonly string[];
  readonly current: string;
  /** The lines that say the answer. */
  answer(completion: Completion): readonly string[];
}

/**
 * How each asker tells a command line, and how it is answered. To a shell's script the first line names what is left to
 * the shell; each of the others is a candidate, with what else that shell shows behind tabs.
 */
export const dialects: Readonly<Record<Asker, (words: readonly string[]) => Asked>> = {
  // One argument is the line, the other the end of it that readline will replace.
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
  // Windows PowerShell drops an empty argument, so the word under the cursor comes behind a mark.
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
  // As cobra's `__complete` answers; 0 leaves it to the shell, which completes files, and 4 does not.
  // Source: https://github.com/kubernetes/sample-cli-plugin#shell-completion
  // Not all of kubectl's scripts quote what they insert, and what is inserted is run at the next key.
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
