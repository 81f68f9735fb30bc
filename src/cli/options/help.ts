import type { Command as CommanderCommand, Help } from "commander";
import type { Command } from "../command.ts";

/** A longer term gets a line of its own, with its description below. */
const widestTerm = 24;

/** In a narrower terminal, every description is below its term. */
const leastColumns = 56;

/** How commander lays out help: no line is wider than the terminal, and the descriptions form one column. */
export const helpLayout: Partial<Help> = {
  minWidthToWrap: 10,
  padWidth: (command: CommanderCommand, helper: Help) =>
    Math.min(
      Math.max(
        helper.longestOptionTermLength(command, helper),
        helper.longestSubcommandTermLength(command, helper),
      ),
      widestTerm,
    ),
  formatItem(term: string, termWidth: number, description: string, helper: Help): string {
    const columns = helper.helpWidth ?? 80;
    const isNarrow = columns < leastColumns;
    const indent = isNarrow ? 6 : termWidth + 4;
    const lines = helper.boxWrap(description, columns - indent).split("\n");
    const beside = isNarrow || term.length > termWidth ? "" : (lines.shift() ?? "");
    const first = `  ${beside === "" ? term : term.padEnd(indent - 2) + beside}`;
    return [first, ...lines.map((line) => " ".repeat(indent) + line)].join("\n");
  },
};

/** The end of the program's help. Without `all`, the help must fit a screen of 24 lines. */
export function afterProgramHelp(
  program: string,
  { columns, all, wrap }: Pick<Showing, "columns" | "all" | "wrap">,
): string {
  if (all) return `\n${exitCodes}`;
  return `\n${[...startLines(program, columns), "", wrap(`${exitCodesInShort} More: ${program} --help-all`)].join("\n")}`;
}

function startLines(program: string, columns: number): string[] {
  const starts = [
    [`${program} setup`, "asks for everything"],
    [`${program} setup --sandbox`, "the same, in a made-up world"],
  ] as const;
  const label = "Start with:";
  const width = Math.max(...starts.map(([line]) => line.length));
  const lines = starts.map(([line, does]) => `${line.padEnd(width)}  ${does}`);
  const beside = lines.map((line, index) => `${index === 0 ? label : " ".repeat(label.length)} ${line}`);
  return beside.every((line) => line.length <= columns)
    ? beside
    : [label, ...lines.map((line) => `  ${line}`)];
}

const exitCodesInShort =
  "Exit codes: 0 done, 1 failed, 2 bad usage or refused, 3 no sign-in or no right, 4 incomplete, 5 not in order, 130 Ctrl-C.";

const exitCodes = `Exit codes:
  0    done, or in order
  1    failed, busy or timed out
  2    bad usage, missing input or refused: nothing written
  3    not signed in, or a right is missing: nothing written
  4    interrupted or incomplete: run the same command again
  5    looked only, and something is not in order
  130  stopped by Ctrl-C (143: terminated)`;

/** How many examples are in help that must fit a screen. */
const fewExamples = 3;

/** How help is shown. */
interface Showing {
  /** As a user types it: `acr-pull` or `kubectl acr-pull`. */
  readonly program: string;
  readonly columns: number;
  /** Whether every option is shown, or only the common ones. */
  readonly all: boolean;
  readonly wrap: (text: string) => string;
}

/** What the help of a command says below its options. */
export function afterHelp(
  { name, examples, options, moreHelp }: Command,
  { program, columns, all, wrap }: Showing,
): string {
  const definitions = Object.values(options);
  const rest = definitions.filter(({ common }) => !common).length;
  const shown = all ? examples : examples.slice(0, fewExamples);
  const parts = [
    ...(!all && rest > 0
      ? [moreText(`${rest} more options, and their variables:`, `${program} ${name} --help-all`, columns)]
      : []),
    ...(all && definitions.some(({ variable }) => variable !== undefined) ? [wrap(variables)] : []),
    ...(shown.length > 0
      ? [
          [
            "Examples:",
            ...shown.flatMap(([line, does]) => [`  # ${does}`, continued(`  ${program} ${line}`, columns)]),
          ].join("\n"),
        ]
      : []),
    ...(moreHelp ? [moreHelp(program).join("\n")] : []),
  ];
  return `\n${parts.join("\n\n")}`;
}

/** What there is more of, and the command that shows it, which is never broken: it gets its own line instead. */
function moreText(what: string, command: string, columns: number): string {
  const line = `${what} ${command}`;
  return line.length <= columns ? line : `${what}\n  ${command}`;
}

const variables =
  "Each option has a variable too, except those marked `flag only`: --secret-name is ACR_PULL_SECRET_NAME. Commas separate the values of a list, a switch is true or false, and a flag wins over a variable.";

/** A command line, broken into several lines if it is too long, so that it can still be pasted. */
function continued(line: string, columns: number): string {
  if (line.length <= columns) return line;
  const at = line.lastIndexOf(" -", columns - 2);
  if (at < 8) return line;
  return `${line.slice(0, at)} \\\n${continued(`     ${line.slice(at)}`, columns)}`;
}
