import type { CheckResult, CheckStatus } from "../../verify/check.ts";
import type { CheckedTarget, CheckTarget } from "../../verify/contract.ts";
import { alike, apartFrom, counted, fixOfAll, placesText, type Alike } from "../show/folding.ts";
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

/** Targets under one heading: a secret with its entries, a pod, a cluster. */
type Group = Alike<CheckedTarget>;

/** How many checks ended with each status. */
export function countsOf(targets: readonly CheckedTarget[]): Readonly<Record<CheckStatus, number>> {
  const counts = { pass: 0, warn: 0, fail: 0, skip: 0 };
  for (const { checks } of targets) for (const { status } of checks) counts[status] += 1;
  return counts;
}

/** Targets, grouped by their headings: what fails comes first, then what will fail, then the rest as it came. */
export function groupsOf(targets: readonly CheckedTarget[]): Group[] {
  const severity = (group: Group) => {
    const { fail, warn } = countsOf(group);
    return fail > 0 ? 0 : warn > 0 ? 1 : 2;
  };
  return alike(
    targets.filter(({ checks }) => checks.length > 0),
    ({ target }) => headOf(target),
  ).toSorted((left, right) => severity(left) - severity(right));
}

function headOf({ context, namespace, secret, pod }: CheckTarget): string {
  if (secret !== undefined) return `Secret ${context}/${namespace}/${secret}`;
  if (pod !== undefined) return `Pod ${context}/${namespace}/${pod}`;
  return namespace === undefined ? `Cluster of context ${context}` : `Namespace ${context}/${namespace}`;
}

/** Groups with only some of their checks, those that say the same in several namespaces together. */
export function foldedLines(
  groups: readonly Group[],
  isMeant: (check: CheckResult) => boolean,
  width: number,
): Line[][] {
  const told = groups.flatMap((group) => {
    const [first, ...more] = group
      .map(({ target, checks }) => ({ target, checks: checks.filter(isMeant) }))
      .filter(({ checks }) => checks.length > 0);
    return first ? [[first, ...more] as const] : [];
  });
  return alike(told, keyOf).map((same) => groupLines(same, width));
}

/** What a group says, apart from its own namespace. */
function keyOf(group: Group): string {
  const [{ target }] = group;
  const { namespace = "-" } = target;
  const said = group.map(({ target: { host }, checks }) => [host, checks]);
  return apartFrom(namespace, JSON.stringify([headOf(target), said]));
}

/** Whether nobody has to do anything about a check. */
export function isWell({ status, fix }: CheckResult): boolean {
  return fix === undefined && (status === "pass" || status === "skip");
}

/** A line for the namespaces in which nobody has to do anything. */
export function wellLines(groups: readonly Group[], width: number): Line[] {
  const well = groups.filter((group) => group.every(({ checks }) => checks.every(isWell)));
  const places = new Set(
    well.flatMap(([{ target }]) => (target.namespace === undefined ? [] : placeOf(target))),
  );
  if (places.size === 0) return [];
  const how = countsOf(well.flat()).skip > 0 ? "no check fails" : "all checks ok";
  return linesOf("pass", [], `${counted(places.size, "namespace")}: ${how}`, width);
}

function placeOf({ context, namespace = "" }: CheckTarget): string {
  return `${context}/${namespace}`;
}

/** The checks of groups that say the same, under one heading, by host if there are several hosts. */
export function groupLines(same: Alike<Group>, width: number): Line[] {
  const [[first, ...rest], ...others] = same;
  const { context, namespace, secret, pod } = first.target;
  const places = others.map(([{ target }]) => ({ context, namespace: target.namespace ?? "" }));
  const all = namespace === undefined ? undefined : ([{ context, namespace }, ...places] as const);
  const what = secret === undefined ? (pod === undefined ? "" : `Pod ${pod} in `) : `Secret ${secret} in `;
  const head = all && places.length > 0 ? `${what}${placesText(all)}` : headOf(first.target);
  const fixOf = ({ fix }: CheckResult) => (fix !== undefined && all ? fixOfAll(fix, all) : fix);
  const parts = [first, ...rest];
  const isOfSeveral = parts.filter(({ target }) => target.host !== undefined).length > 1;
  // Checks that are skipped for the same reason are shown together, also those of a secret and of its only entry.
  const shown = isOfSeveral ? parts : [{ ...first, checks: parts.flatMap(({ checks }) => checks) }];
  return [
    ...wrapped(head, width).map((line): Line => [toned("strong", line)]),
    ...shown.flatMap(({ target: { host }, checks }) => [
      ...(isOfSeveral && host !== undefined ? wrapped(`for ${host}`, width, 2) : []),
      ...alike(checks, ({ id, status, message }) => (status === "skip" ? message : id)).flatMap((alikes) => {
        const ids = alikes.map(({ id }) => id);
        return checkLines({ ...alikes[0], fix: fixOf(alikes[0]) }, ids, width);
      }),
    ]),
  ];
}

function checkLines({ status, message, fix }: CheckResult, ids: readonly string[], width: number): Line[] {
  const label = `${" ".repeat(indent)}${status === "fail" ? "fix:" : "do:"}`;
  const advice = fix === undefined ? [] : signedLines(toned("strong", label), fix, width);
  return [...linesOf(status, ids, message, width), ...advice];
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
