import type { CheckResult, CheckStatus } from "../../core/checks/check.ts";
import type { CheckedSubject, Subject } from "../../core/verify/contract.ts";
import {
  alike,
  apartFrom,
  counted,
  fixOfAll,
  placesText,
  type Alike,
  type NamespacePlace,
} from "../show/folding.ts";
import { signedLines } from "../show/lines.ts";
import { toned, type Line, type Tone } from "../show/terminal.ts";
import { wrapped } from "../show/text-width.ts";

/** A sign, a word and a colour for each status. The word alone is enough. */
const signs: Readonly<Record<CheckStatus, readonly [sign: string, word: string, tone: Tone]>> = {
  pass: ["✓", "ok  ", "good"],
  warn: ["!", "warn", "warning"],
  fail: ["✗", "FAIL", "bad"],
  skip: ["-", "skip", "faint"],
};

/** The column after the sign and the word. */
const indent = 9;

/** How many checks ended with each status. */
export function countsOf(subjects: readonly CheckedSubject[]): Readonly<Record<CheckStatus, number>> {
  const counts = { pass: 0, warn: 0, fail: 0, skip: 0 };
  for (const { checks } of subjects) for (const { status } of checks) counts[status] += 1;
  return counts;
}

/** Subjects with only some of their checks. A subject that has none of these is left out. */
export function withChecks(
  subjects: readonly CheckedSubject[],
  isMeant: (check: CheckResult) => boolean,
): CheckedSubject[] {
  return subjects
    .map(({ subject, checks }) => ({ subject, checks: checks.filter(isMeant) }))
    .filter(({ checks }) => checks.length > 0);
}

/** Whether a person has to act on it, now or later. */
export function isTrouble({ status }: CheckResult): boolean {
  return status === "fail" || status === "warn";
}

/** Subjects under one heading: a secret with its entries, a pod, a cluster. */
interface Group {
  readonly head: string;
  readonly parts: Alike<CheckedSubject>;
}

/** Subjects, grouped by what they are about. */
export function groupsOf(subjects: readonly CheckedSubject[]): Group[] {
  const groups = alike(
    withChecks(subjects, () => true),
    ({ subject }) => headOf(subject),
  );
  return groups.map((parts) => ({ head: headOf(parts[0].subject), parts }));
}

function headOf({ context, namespace, secret, pod }: Subject): string {
  if (secret !== undefined) return `Secret ${context}/${namespace}/${secret}`;
  if (pod !== undefined) return `Pod ${context}/${namespace}/${pod}`;
  return namespace === undefined ? `Cluster of context ${context}` : `Namespace ${context}/${namespace}`;
}

/** What fails comes first, then what will fail, then the rest in the order it came in. */
export function bySeverity(groups: readonly Group[]): Group[] {
  const severity = ({ parts }: Group) => {
    const { fail, warn } = countsOf(parts);
    return fail > 0 ? 0 : warn > 0 ? 1 : 2;
  };
  return groups.toSorted((left, right) => severity(left) - severity(right));
}

/** All checks of a group. */
export function groupLines({ head, parts }: Group, width: number): Line[] {
  return [...headLines(head, width), ...partLines(parts, width, (check) => check.hint)];
}

/** Says together what is the same in several namespaces, and in one line what is in order. */
export function foldedLines(groups: readonly Group[], width: number): Line[][] {
  const told = groups.map((group) => ({ ...group, parts: mapped(group.parts, withoutPassed) }));
  const isWell = ({ parts }: Group) => parts.every(({ checks }) => checks.every(isPlainSkip));
  const blocks = alike(
    told.filter((group) => !isWell(group)),
    keyOf,
  );
  return [
    ...blocks.map((block) => blockLines(block, width)),
    wellLines(
      groups.filter((_group, index) => isWell(told[index] as Group)),
      width,
    ),
  ];
}

function mapped<T>([first, ...more]: Alike<T>, of: (item: T) => T): Alike<T> {
  return [of(first), ...more.map(of)];
}

/** Leaves out what is in order, and what another failure caused. */
function withoutPassed({ subject, checks }: CheckedSubject): CheckedSubject {
  return {
    subject,
    checks: checks.filter(
      ({ status, hint, ids }) =>
        !(status === "pass" && hint === undefined) && !(status === "skip" && ids?.["because"] !== undefined),
    ),
  };
}

/** A skip that nobody has to do anything about. */
function isPlainSkip({ status, hint }: CheckResult): boolean {
  return status === "skip" && hint === undefined;
}

/** What a group says, apart from its own namespace. */
function keyOf({ parts }: Group): string {
  const [{ subject }] = parts;
  const { context, namespace = "", secret, pod } = subject;
  const said = parts.map(({ subject: { host }, checks }) => [
    host,
    ...checks.map(({ id, status, message, hint = "" }) =>
      [id, status, message, hint].map((text) => apartFrom(namespace || "-", text)),
    ),
  ]);
  return JSON.stringify([context, namespace === "" ? "cluster" : "namespace", secret, pod, said]);
}

function blockLines(block: Alike<Group>, width: number): Line[] {
  const [{ head, parts }] = block;
  const places = placesOf(block);
  const [first, ...more] = places;
  if (!first || more.length === 0)
    return [...headLines(head, width), ...partLines(parts, width, (check) => check.hint)];
  const { secret, pod } = parts[0].subject;
  const what = secret === undefined ? (pod === undefined ? "" : `Pod ${pod} in `) : `Secret ${secret} in `;
  const all: Alike<NamespacePlace> = [first, ...more];
  return [
    ...headLines(`${what}${placesText(all)}`, width),
    ...partLines(parts, width, ({ hint }) => hint && fixOfAll(hint, all)),
  ];
}

function placesOf(groups: readonly Group[]): NamespacePlace[] {
  return groups.flatMap(({ parts: [{ subject }] }) =>
    subject.namespace === undefined ? [] : [{ context: subject.context, namespace: subject.namespace }],
  );
}

/** What is in order: how much, and what could not be checked in it. */
function wellLines(groups: readonly Group[], width: number): Line[] {
  const places = new Set(placesOf(groups).map(({ context, namespace }) => `${context}/${namespace}`));
  if (places.size === 0) return [];
  const skips = groups.flatMap(({ parts }) =>
    parts.flatMap(({ subject: { context, namespace = "-" }, checks }) =>
      checks.filter(isPlainSkip).map((check) => ({ context, namespace, check })),
    ),
  );
  const alikeSkips = alike(skips, ({ namespace, check: { id, message } }) =>
    JSON.stringify([id, apartFrom(namespace, message)]),
  );
  const how = skips.length === 0 ? "all checks ok" : "no check fails";
  return [
    ...linesOf("pass", [], `${counted(places.size, "namespace")}: ${how}`, width),
    ...alikeSkips.flatMap((group) => {
      const [{ check }] = group;
      const where = group.length === 1 ? "" : `, ${group.length} times`;
      return linesOf("skip", [`${check.id}${where}`], check.message, width);
    }),
  ];
}

function headLines(head: string, width: number): Line[] {
  return wrapped(head, width).map((line): Line => [toned("strong", line)]);
}

/** The checks of a group, by host if there are several hosts. */
function partLines(
  parts: readonly CheckedSubject[],
  width: number,
  hintOf: (check: CheckResult) => string | undefined,
): Line[] {
  const isOfSeveral = parts.filter(({ subject }) => subject.host !== undefined).length > 1;
  const lines = (checks: readonly CheckResult[]) =>
    joined(checks).flatMap(({ ids, check }) => checkLine({ ...check, hint: hintOf(check) }, ids, width));
  if (!isOfSeveral) return lines(parts.flatMap(({ checks }) => checks));
  return parts
    .filter(({ checks }) => checks.length > 0)
    .flatMap(({ subject, checks }) => [
      ...(subject.host === undefined ? [] : wrapped(`for ${subject.host}`, width, 2)),
      ...lines(checks),
    ]);
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
  const label = `${" ".repeat(indent)}${status === "fail" ? "fix:" : "do:"}`;
  if (hint !== undefined) lines.push(...signedLines(toned("strong", label), hint, width));
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
