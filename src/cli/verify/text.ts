import type { CheckResult, CheckStatus } from "../../core/checks/check.ts";
import type { CheckedSubject, Subject, VerifyResult } from "../../core/verify/contract.ts";
import type { FlowText, Plan } from "../show/answer.ts";
import { equivalentCommand } from "../show/equivalent-command.ts";
import { toned, type Line, type Tone } from "../show/terminal.ts";
import { wrapped } from "../show/text-width.ts";
import { verifyOptions, type VerifyAnswers } from "./options.ts";

/** How `verify` words what it found; it plans nothing. */
export const verifyText: FlowText<VerifyAnswers, Plan, VerifyResult> = {
  plan: (plan) => ({ title: "", ...plan }),
  document: ({ subjects }) => ({ checks: subjects.flatMap(checksOf), counts: countsOf(subjects) }),
  lines: ({ subjects }, { answers, shell, width }) =>
    verifyLines(subjects, {
      width,
      verbose: answers.verbose,
      // It has no --yes, and asks nothing.
      again: equivalentCommand(shell, "verify", verifyOptions, { asking: true }),
    }),
};

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

/** How many checks ended how. */
function countsOf(subjects: readonly CheckedSubject[]): Readonly<Record<CheckStatus, number>> {
  const counts = { pass: 0, warn: 0, fail: 0, skip: 0 };
  for (const { checks } of subjects) for (const { status } of checks) counts[status] += 1;
  return counts;
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

/** A sign, a word and a colour for each status. The word alone is enough. */
const signs: Readonly<Record<CheckStatus, readonly [sign: string, word: string, tone: Tone]>> = {
  pass: ["✓", "ok  ", "good"],
  warn: ["!", "warn", "warning"],
  fail: ["✗", "FAIL", "bad"],
  skip: ["-", "skip", "faint"],
};

/** The column behind sign and word. */
const indent = 9;
/** With more groups than this, passed checks are only counted: they would hide the failed ones. */
const mostGroupsInFull = 3;

/** What was found, grouped by secret: for people. */
function verifyLines(subjects: readonly CheckedSubject[], look: VerifyLook): Line[] {
  const shown = groupsOf(subjects);
  const inFull = look.verbose || shown.length <= mostGroupsInFull;
  return [
    ...shown.flatMap((group) => [...groupLines(group, inFull, look.width), ""]),
    ...summaryLines(subjects, look),
  ];
}

/** Subjects under one heading: a secret with its entries, a pod, a cluster. */
interface Group {
  readonly head: string;
  readonly parts: readonly CheckedSubject[];
}

function groupsOf(subjects: readonly CheckedSubject[]): Group[] {
  const byHead = new Map<string, CheckedSubject[]>();
  for (const one of subjects) {
    if (one.checks.length === 0) continue;
    const head = headOf(one.subject);
    byHead.set(head, [...(byHead.get(head) ?? []), one]);
  }
  return [...byHead].map(([head, parts]) => ({ head, parts }));
}

function headOf({ context, namespace, secret, pod }: Subject): string {
  if (secret !== undefined) return `Secret ${context}/${namespace}/${secret}`;
  if (pod !== undefined) return `Pod ${context}/${namespace}/${pod}`;
  return namespace === undefined ? `Cluster of context ${context}` : `Namespace ${context}/${namespace}`;
}

function groupLines({ head, parts }: Group, inFull: boolean, width: number): Line[] {
  const hosts = parts.filter(({ subject }) => subject.host !== undefined);
  const lines: Line[] = wrapped(head, width).map((line): Line => [toned("strong", line)]);
  if (hosts.length <= 1) {
    return [
      ...lines,
      ...checkLines(
        parts.flatMap(({ checks }) => checks),
        inFull,
        width,
      ),
    ];
  }
  return [
    ...lines,
    ...parts.flatMap(({ subject, checks }) => [
      ...(subject.host === undefined ? [] : wrapped(`for ${subject.host}`, width, 2)),
      ...checkLines(checks, inFull, width),
    ]),
  ];
}

function checkLines(checks: readonly CheckResult[], inFull: boolean, width: number): Line[] {
  const passed = checks.filter(({ status, hint }) => status === "pass" && hint === undefined);
  const rest = inFull ? checks : checks.filter((one) => !passed.includes(one));
  const counted = inFull || passed.length === 0 ? [] : linesOf("pass", [], countText(passed.length), width);
  return [...counted, ...joined(rest).flatMap(({ ids, check }) => checkLine(check, ids, width))];
}

function countText(count: number): string {
  return count === 1 ? "one check" : `${count} checks`;
}

/** Skipped checks with the same message are shown once. */
function joined(
  checks: readonly CheckResult[],
): Array<{ readonly ids: string[]; readonly check: CheckResult }> {
  const told: Array<{ ids: string[]; check: CheckResult }> = [];
  for (const check of checks) {
    const same = told.find(
      (one) => check.status === "skip" && one.check.status === "skip" && one.check.message === check.message,
    );
    if (same) same.ids.push(check.id);
    else told.push({ ids: [check.id], check });
  }
  return told;
}

function checkLine(check: CheckResult, ids: readonly string[], width: number): Line[] {
  const { status, message, hint, docs } = check;
  const lines = linesOf(status, ids, message, width);
  // Not wrapped, since it may hold a command to copy.
  if (hint !== undefined)
    lines.push([" ".repeat(indent), toned("strong", status === "fail" ? "fix:" : "do:"), ` ${hint}`]);
  if (docs !== undefined && status !== "pass")
    lines.push([" ".repeat(indent), toned("faint", "see:"), ` ${docs}`]);
  return lines;
}

function linesOf(status: CheckStatus, ids: readonly string[], message: string, width: number): Line[] {
  const [sign, word, tone] = signs[status];
  const text = ids.length === 0 ? message : `${ids.join(", ")}: ${message}`;
  const [first = "", ...more] = wrapped(text, Math.max(width - indent, 1));
  return [
    ["  ", toned(tone, `${sign} ${word}`), ` ${first}`],
    ...more.map((line) => " ".repeat(indent) + line),
  ];
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
  const content = proven ? "In order" : "Nothing fails, but no pull was proven";
  const verdict = fail === 0 ? content : "Not in order";
  const lines: Line[] = wrapped(`${verdict}: ${parts.join(", ")}.`, width).map((line): Line => [
    toned(fail > 0 ? "bad" : proven ? "good" : "warning", line),
  ]);
  if (fail === 0) return lines;
  return [...lines, "Do what stands at fix, then look again:", `  ${again}`];
}
