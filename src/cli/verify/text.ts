import type { CheckedSubject, VerifyResult } from "../../core/verify/contract.ts";
import type { FlowText, Plan, Setting } from "../show/answer.ts";
import { equivalentCommand } from "../show/equivalent-command.ts";
import { paragraphs } from "../show/lines.ts";
import { toned, type Line } from "../show/terminal.ts";
import { wrapped } from "../show/text-width.ts";
import { bySeverity, countsOf, foldedLines, groupLines, groupsOf, isTrouble, withChecks } from "./groups.ts";
import { verifyOptions, type VerifyAnswers } from "./options.ts";

/** How `verify` words what it found; it plans nothing. */
export const verifyText: FlowText<VerifyAnswers, Plan, VerifyResult> = {
  plan: (plan) => ({ title: "", ...plan }),
  document: ({ subjects }) => ({
    checks: subjects.flatMap(checksOf),
    counts: countsOf(subjects),
  }),
  lines: ({ subjects }, setting) => verifyLines(subjects, lookOf(setting)),
  troubles: ({ subjects }, setting) => troubleLines(subjects, lookOf(setting)),
};

function lookOf({ answers, shell, width }: Setting<VerifyAnswers>): VerifyLook {
  return {
    width,
    verbose: answers.verbose,
    // It has no --yes, and asks nothing.
    again: equivalentCommand(shell, "verify", verifyOptions, { asking: true }),
  };
}

/** Only what fails. */
function failedOf(subjects: readonly CheckedSubject[]): CheckedSubject[] {
  return withChecks(subjects, ({ status }) => status === "fail");
}

/** The checks of a subject, each with what it is about; unknown fields are left out. */
function checksOf({ subject, checks }: CheckedSubject) {
  return checks.map(({ id, status, message, hint, docs, ids }) => ({
    id,
    status,
    message,
    hint,
    docs,
    ...subject,
    ids,
  }));
}

/** How the checks are shown. */
interface VerifyLook {
  /** Columns that the terminal has. */
  readonly width: number;
  /** Whether every passed check is shown. */
  readonly verbose: boolean;
  /** The same `verify` again. */
  readonly again: string;
}

/** With more groups than this, what is the same in many is said once: in full, it would hide what fails. */
const mostGroupsInFull = 2;

/** For people: what was found, grouped by secret. What fails comes first. */
function verifyLines(subjects: readonly CheckedSubject[], look: VerifyLook): Line[] {
  const { width, verbose } = look;
  const summary = summaryLines(subjects, look);
  const groups = bySeverity(groupsOf(subjects));
  const told =
    verbose || groups.length <= mostGroupsInFull
      ? groups.map((group) => groupLines(group, width))
      : foldedLines(groups, width);
  return paragraphs([...told, summary]);
}

/** What fails, or will fail later. */
function troubleLines(subjects: readonly CheckedSubject[], look: VerifyLook): Line[] {
  const bad = withChecks(subjects, isTrouble);
  if (bad.length === 0) return [];
  const told = foldedLines(bySeverity(groupsOf(bad)), look.width);
  return paragraphs([...told, failedOf(bad).length > 0 ? summaryLines(subjects, look) : []]);
}

function summaryLines(subjects: readonly CheckedSubject[], { width, again }: VerifyLook): Line[] {
  const { pass, warn, fail, skip } = countsOf(subjects);
  const parts = [
    `${pass} ok`,
    ...(warn > 0 ? [warn === 1 ? "one warning" : `${warn} warnings`] : []),
    ...(fail > 0 ? [`${fail} FAILED`] : []),
    ...(skip > 0 ? [`${skip} skipped`] : []),
  ];
  const proven = subjects.some(({ checks }) =>
    checks.some(({ id, status }) => id === "pull-scope" && status === "pass"),
  );
  const sound = proven ? "In order" : "Nothing fails, but no pull was proven";
  const verdict = fail === 0 ? sound : "Not in order";
  const lines: Line[] = wrapped(`${verdict}: ${parts.join(", ")}.`, width).map((line): Line => [
    toned(fail > 0 ? "bad" : proven ? "good" : "warning", line),
  ]);
  if (fail === 0) return lines;
  return [...lines, "Follow each fix, then check again:", `  ${again}`];
}
