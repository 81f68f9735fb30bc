import { allowedDifferences, type AllowedDifference, type DifferenceClass } from "./allowed-differences.ts";
import type { ComparableAnswer, Conversation, RequestStep } from "./conversation.ts";
import { differences, type Difference } from "./differences.ts";

/** One difference, and the rule that allows it, if any. */
export interface Finding {
  readonly where: string;
  readonly what: string;
  readonly rule: AllowedDifference | undefined;
}

/** Compares a conversation with its recording, until the sandbox refuses what the real server did. */
export function compare(
  { id, steps, real }: Conversation,
  answers: ReadonlyArray<ComparableAnswer | null>,
): Finding[] {
  const findings: Finding[] = [];
  for (const [index, step] of steps.entries()) {
    const [recorded, answer] = [real[index], answers[index]];
    if (!("m" in step) || !recorded || !answer) {
      continue;
    }
    const where = `${id} [${index}] ${requestText(step)}`;
    const about = { id, request: requestText(step) };
    if (recorded.status !== answer.status) {
      const what = `${recorded.status} ${answer.status}`;
      findings.push({ where, what, rule: ruleForStatuses(about, recorded.status, answer.status) });
      if (recorded.status < 400 && answer.status >= 400) {
        return findings;
      }
    } else {
      for (const difference of differences(recorded, answer)) {
        const what = `${difference.path} ${shown(difference.real)} is ${shown(difference.sandbox)}`;
        findings.push({ where, what, rule: ruleForPlace(about, answer.status, difference) });
      }
    }
  }
  return findings;
}

interface About {
  readonly id: string;
  readonly request: string;
}

function isAbout(rule: AllowedDifference, { id, request }: About): boolean {
  return (rule.conversations?.test(id) ?? true) && (rule.request?.test(request) ?? true);
}

/** No rule allows the sandbox to do what the real server refuses. */
function ruleForStatuses(about: About, real: number, sandbox: number): AllowedDifference | undefined {
  const mayBe: Readonly<Record<DifferenceClass, boolean>> = {
    harsher: real < 400 && sandbox >= 400,
    "not built": sandbox >= 400,
    cosmetic: real >= 400 && sandbox >= 400,
  };
  return allowedDifferences.find(
    (rule) => mayBe[rule.class] && isAbout(rule, about) && rule.statuses?.test(`${real} ${sandbox}`),
  );
}

function ruleForPlace(about: About, status: number, difference: Difference): AllowedDifference | undefined {
  const { path, real } = difference;
  const text = typeof real === "string" ? real : JSON.stringify(real ?? null);
  return allowedDifferences.find(
    (rule) =>
      isAbout(rule, about) &&
      rule.places?.test(path) &&
      (rule.status?.test(String(status)) ?? true) &&
      (rule.real?.test(text) ?? true),
  );
}

function requestText({ m, p, q }: RequestStep): string {
  return `${m} ${p}${q ? `?${q}` : ""}`;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? "absent").slice(0, 300);
}
