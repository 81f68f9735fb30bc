/*
 * A check is one question about facts that were gathered before. It sends no requests, and throws for nothing that it
 * is meant to find.
 */

/** `skip`: the answer could not be found out, or it does not matter while another check fails. */
export type CheckStatus = "pass" | "warn" | "fail" | "skip";

/** What a check found. */
export interface Verdict {
  readonly status: CheckStatus;
  /** One or more whole sentences. */
  readonly message: string;
  /** What to do about it, as instructions that work when they are followed. */
  readonly hint?: string | undefined;
  /** Where to read more. */
  readonly docs?: string | undefined;
  /** Ids of the things in the message, by the services' own names: `appId`, `keyId`, `registryId`, `assignmentId`… */
  readonly ids?: Readonly<Record<string, string>> | undefined;
}

/** One read-only question. */
export interface Check<Facts> {
  /** Stable and documented, such as `pull-scope`. */
  readonly id: string;
  /** Checks of the same round that say all there is to say if they fail. While one fails, this one is skipped. */
  readonly needs: readonly string[];
  /** Undefined if the question does not arise. */
  readonly look: (facts: Facts) => Verdict | undefined;
}

/** A verdict, with the id of its check. */
export interface CheckResult extends Verdict {
  readonly id: string;
}

/** Something that was looked for: its value, or why it could not be found out. */
export type Known<T> =
  | { readonly known: true; readonly value: T }
  | {
      readonly known: false;
      /** A whole sentence. */
      readonly why: string;
      readonly hint?: string | undefined;
    };

/** A value that was found out. */
export function known<T>(value: T): Known<T> {
  return { known: true, value };
}

/** A value that could not be found out, and why. */
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

/** The verdict if a fact that a check needs is not known. */
export function notKnown({ why, hint }: Extract<Known<unknown>, { known: false }>): Verdict {
  return skip(why, { hint });
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
