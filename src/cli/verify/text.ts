import type { CheckedTarget, VerifyResult } from "../../verify/contract.ts";
import type { FlowText, Plan, Setting } from "../show/answer.ts";
import { equivalentCommand } from "../show/equivalent-command.ts";
import { paragraphs } from "../show/lines.ts";
import { toned, type Line } from "../show/terminal.ts";
import { wrapped } from "../show/text-width.ts";
import { countsOf, foldedLines, groupLines, groupsOf, isWell, wellLines } from "./groups.ts";
import { verifyOptions, type VerifyAnswers } from "./options.ts";

/** With more groups than this, what is the same in many is said once: in full, it would hide what fails. */
const mostGroupsInFull = 2;

/** How `verify` words what it found; it plans nothing. */
export const verifyText: FlowText<VerifyAnswers, Plan, VerifyResult> = {
  plan: (plan) => ({ title: "", ...plan }),
  document: ({ targets }) => ({
    checks: targets.flatMap(({ target, checks }) =>
      checks.map(({ id, status, message, fix }) => ({ id, target, status, message, fix })),
    ),
  }),
  lines({ targets }, setting) {
    const { width, answers } = setting;
    const groups = groupsOf(targets);
    const told =
      answers.verbose || groups.length <= mostGroupsInFull
        ? groups.map((group) => groupLines([group], width))
        : [
            ...foldedLines(groups, (check) => !isWell(check) && check.because === undefined, width),
            wellLines(groups, width),
          ];
    return paragraphs([...told, summaryLines(targets, setting)]);
  },
  troubles({ targets }, setting) {
    const isTrouble = ({ status }: { readonly status: string }) => status === "fail" || status === "warn";
    const told = foldedLines(groupsOf(targets), isTrouble, setting.width);
    return paragraphs([...told, countsOf(targets).fail > 0 ? summaryLines(targets, setting) : []]);
  },
};

function summaryLines(targets: readonly CheckedTarget[], { width, shell }: Setting<VerifyAnswers>): Line[] {
  const { pass, warn, fail, skip } = countsOf(targets);
  const parts = [
    `${pass} ok`,
    ...(warn > 0 ? [warn === 1 ? "one warning" : `${warn} warnings`] : []),
    ...(fail > 0 ? [`${fail} FAILED`] : []),
    ...(skip > 0 ? [`${skip} skipped`] : []),
  ];
  const proven = targets.some(({ checks }) =>
    checks.some(({ id, status }) => id === "pull-scope" && status === "pass"),
  );
  const sound = proven ? "In order" : "Nothing fails, but no pull was proven";
  const verdict = fail === 0 ? sound : "Not in order";
  const tone = fail > 0 ? "bad" : proven ? "good" : "warning";
  const lines = wrapped(`${verdict}: ${parts.join(", ")}.`, width).map((line): Line => [toned(tone, line)]);
  if (fail === 0) return lines;
  // It has no --yes, and asks nothing.
  const again = equivalentCommand(shell, "verify", verifyOptions, { asking: true });
  return [...lines, "Follow each fix, then check again:", `  ${again}`];
}
