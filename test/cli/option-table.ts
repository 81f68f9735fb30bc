import type { OptionSet } from "../../src/cli/options/option.ts";
import { optionGroups } from "../../src/cli/options/option.ts";

/** The table of a command's options in the docs, from their definitions. Help says the same. */
export function optionTable(options: OptionSet): string {
  const all = Object.values(options);
  const rows = optionGroups.flatMap((group) =>
    all
      .filter((option) => option.group === group)
      .map(({ flag, variable, summary, fallback }) => [
        code(flag),
        variable === undefined ? "flag only" : code(variable),
        fallback === undefined ? "" : code(fallback),
        plain(summary),
      ]),
  );
  const lines = [["option", "variable", "default", "what it says"], ["---", "---", "---", "---"], ...rows];
  return lines
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");
}

/** A text that Markdown shows as it is, with its stars and angle brackets. */
function plain(text: string): string {
  return text.replaceAll(/[*<]/g, String.raw`\$&`);
}

function code(text: string): string {
  return `\`${text}\``;
}
