import { exitCode } from "../../domain/exit-code.ts";
import type { PlannedChange } from "../../core/plan.ts";
import { oneLine } from "../show/foreign-text.ts";
import { failureLines, type Failure } from "../show/failure.ts";
import { planRow } from "../show/plan-lines.ts";
import { plainText, type Line } from "../show/terminal.ts";
import type { Answer } from "../show/view.ts";

/** GitHub drops the summary of a step that is larger than 1 MiB, and a step may run several commands. */
const longestSummary = 256 * 1024;

/** How a command ended, in Markdown. */
export function summaryOf({ command, exitCode: code, document, lines, failure }: Answer): string {
  const { plan, warnings } = document as {
    readonly plan?: readonly PlannedChange[];
    readonly warnings?: readonly string[];
  };
  if (plan === undefined) return page(command, code, [fence(lines()), failed(failure)]);
  const notes = (warnings ?? []).map((warning) => `- ${span(warning)}\n`);
  return page(command, code, [table(plan), notes.join(""), failed(failure)], "plan");
}

/** The same for a command that failed before it had an answer. */
export function failureSummary(command: string, failure: Failure): string {
  return page(command, failure.exitCode, [failed(failure)]);
}

function page(command: string, code: number, parts: readonly string[], what = ending(code)): string {
  const text = [`### acr-pull ${command}: ${what}\n`, ...parts.filter((part) => part !== "")].join("\n");
  const whole = text.length <= longestSummary;
  return `${whole ? text : `${text.slice(0, text.lastIndexOf("\n", longestSummary))}\n\nThe rest is in the log.`}\n`;
}

function ending(code: number): string {
  if (code === exitCode.ok) return "done";
  if (code === exitCode.incomplete) return "incomplete";
  return code === exitCode.notInOrder ? "not in order" : "failed";
}

function failed(failure: Failure | undefined): string {
  return failure ? fence(failureLines(failure, { debug: false })) : "";
}

function table(plan: readonly PlannedChange[]): string {
  if (plan.length === 0) return "Nothing to do.\n";
  const rows = plan.map((change) => `| ${planRow(change).map(span).join(" | ")} |\n`);
  return `|  | what | change |\n| --- | --- | --- |\n${rows.join("")}`;
}

/** Lines shown unchanged, whatever they hold: the fence is longer than any in them. */
function fence(lines: readonly Line[]): string {
  if (lines.length === 0) return "";
  const text = lines.map(plainText).join("\n");
  const marks = "`".repeat(Math.max(3, longestRun(text) + 1));
  return `${marks}text\n${text}\n${marks}\n`;
}

/** A text as code. Inside code, Markdown gives a meaning only to the closing mark and, in a table, to the bar. */
function span(text: string): string {
  const clean = oneLine(text);
  if (clean.trim() === "") return "";
  const marks = "`".repeat(longestRun(clean) + 1);
  return `${marks} ${clean.replaceAll("|", String.raw`\|`)} ${marks}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}
