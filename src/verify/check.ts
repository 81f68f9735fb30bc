import { inOneLine } from "../domain/in-one-line.ts";
import type { Unknown } from "./known.ts";

/*
 * A check is one question about facts that were gathered before. It sends no requests, and throws for nothing that it
 * is meant to find.
 */

/** `skip`: the answer could not be found out, or it does not matter while another check fails. */
export type CheckStatus = "pass" | "warn" | "fail" | "skip";

/** What a check found. */
export interface Verdict {
  readonly status: CheckStatus;
  /** One or more whole sentences. They may quote foreign names. */
  readonly message: string;
  /** What to do about it, as instructions that work when they are followed. */
  readonly fix?: string | undefined;
}

/** One read-only question. */
export interface Check<Facts> {
  /** Stable and documented, such as `pull-scope`. */
  readonly id: string;
  /** Checks before this one that say all there is to say if they fail. While one fails, this one is skipped. */
  readonly needs: readonly string[];
  /** Undefined if the question does not arise. */
  readonly look: (facts: Facts) => Verdict | undefined;
}

/** A verdict, with the id of its check. */
export interface CheckResult extends Verdict {
  readonly id: string;
  /** The id of the check that fails, if this one is skipped because of it. */
  readonly because?: string;
}

export function pass(message: string, fix?: string): Verdict {
  return { status: "pass", message, fix };
}

export function warn(message: string, fix?: string): Verdict {
  return { status: "warn", message, fix };
}

export function fail(message: string, fix?: string): Verdict {
  return { status: "fail", message, fix };
}

export function skip(message: string, fix?: string): Verdict {
  return { status: "skip", message, fix };
}

/** The verdict if a fact that a check needs is not known. */
export function notKnown({ why, fix }: Unknown): Verdict {
  return skip(why, fix);
}

/**
 * Asks the checks in order. A check is skipped if it needs one that fails, so of each problem only the cause fails.
 * @param before results of an earlier round that checks of this one need
 */
export function askAll<Facts>(
  checks: ReadonlyArray<Check<Facts>>,
  facts: Facts,
  before: readonly CheckResult[] = [],
): CheckResult[] {
  /** For each check that fails, or is skipped because another fails: the id of the one that fails. */
  const causes = new Map(before.filter(({ status }) => status === "fail").map(({ id }) => [id, id]));
  return checks.flatMap(({ id, needs, look }) => {
    const because = needs.map((needed) => causes.get(needed)).find((one) => one !== undefined);
    if (because !== undefined) {
      causes.set(id, because);
      return [{ id, ...skip(`Skipped while ${because} fails.`), because }];
    }
    const verdict = look(facts);
    if (verdict?.status === "fail") causes.set(id, id);
    return verdict ? [resultOf(id, verdict)] : [];
  });
}

/** A verdict for people and programs, with each text on one line. */
export function resultOf(id: string, { status, message, fix }: Verdict): CheckResult {
  return { id, status, message: inOneLine(message), ...(fix !== undefined && { fix: inOneLine(fix) }) };
}

/** The first check that fails. */
export function firstFailure(checks: readonly CheckResult[]): CheckResult | undefined {
  return checks.find(({ status }) => status === "fail");
}
