/*
 * What a check is: one question about facts that were gathered before, so that it asks nobody and throws nothing for
 * what it looks for.
 */

/** `skip`: it could not be found out, or nothing is to be found out while another check fails. */
export type CheckStatus = "pass" | "warn" | "fail" | "skip";

/** What a check found. */
export interface Verdict {
  readonly status: CheckStatus;
  /** One or more whole sentences. */
  readonly message: string;
  /** What to do about it; works when it is followed. */
  readonly hint?: string | undefined;
  /** Where to read more. */
  readonly docs?: string | undefined;
  /** What the services call the things it speaks of: `appId`, `keyId`, `registryId`, `assignmentId`… */
  readonly ids?: Readonly<Record<string, string>> | undefined;
}

/** One read-only question. */
export interface Check<Facts> {
  /** Stable and documented, such as `pull-scope`. */
  readonly id: string;
  /** Checks of the same round whose failure says all there is to say: while one fails this one is skipped. */
  readonly needs: readonly string[];
  /** Undefined where the question does not arise. */
  readonly look: (facts: Facts) => Verdict | undefined;
}

/** A verdict, and whose. */
export interface CheckResult extends Verdict {
  readonly id: string;
}

/** Something that was looked for: found out, or not and why not. */
export type Known<T> =
  | { readonly known: true; readonly value: T }
  | {
      readonly known: false;
      /** A whole sentence. */
      readonly why: string;
      readonly hint?: string | undefined;
    };

/** It was found out. */
export function known<T>(value: T): Known<T> {
  return { known: true, value };
}

/** It was not found out. */
export function unknown(why: string, hint?: string): Known<never> {
  return { known: false, why, hint };
}

type Extras = Omit<Verdict, "status" | "message">;

export function pass(message: string, extras: Extras = {}): Verdict {
  return { status: "pass", message, ...extras };
}

export function warn(message: string, extras: Extras = {}): Verdict {
  return { status: "warn", message, ...extras };
}

export function fail(message: string, extras: Extras = {}): Verdict {
  return { status: "fail", message, ...extras };
}

export function skip(message: string, extras: Extras = {}): Verdict {
  return { status: "skip", message, ...extras };
}

/** The verdict where what a check needs was not found out. */
export function notKnown({ why, hint }: Extract<Known<unknown>, { known: false }>): Verdict {
  return skip(why, { hint });
}

/**
 * Asks the checks in their order. One that needs another which fails is skipped, so that of one trouble its cause alone
 * fails.
 * @param before results of an earlier round that checks of this one need
 */
export function askAll<Facts>(
  checks: ReadonlyArray<Check<Facts>>,
  facts: Facts,
  before: readonly CheckResult[] = [],
): CheckResult[] {
  /** Of each check that fails, or is skipped because of one, that cause. */
  const causes = new Map(before.filter(({ status }) => status === "fail").map(({ id }) => [id, id]));
  return checks.flatMap(({ id, needs, look }) => {
    const cause = needs.map((needed) => causes.get(needed)).find((one) => one !== undefined);
    if (cause !== undefined) {
      causes.set(id, cause);
      return [{ id, ...skip(`Skipped while ${cause} fails.`, { ids: { because: cause } }) }];
    }
    const verdict = look(facts);
    if (verdict?.status === "fail") causes.set(id, id);
    return verdict ? [{ id, ...verdict }] : [];
  });
}
