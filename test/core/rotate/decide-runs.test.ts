import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  nextStep,
  nothingDone,
  type ChangeOver,
  type Done,
  type NextStep,
  type Retirement,
  type StepWish,
} from "../../../src/core/rotate/decide.ts";
import { hourMs, now, plainWish, surveyed, type SecretState } from "./key-states.ts";

/** One run of rotate: what it was asked for, and after how many writes it is cut off. */
interface RunPlan {
  readonly wish: StepWish;
  readonly overlapEntry: boolean;
  /** How many hours after the previous run. */
  readonly later: number;
  /** Which of the living keys ended since then. */
  readonly died: readonly number[];
  readonly writes: number;
}

class CutOff extends Error {}

/**
 * Secrets and keys as runs of rotate leave them, one write after another. No write may break a pull. The steps are
 * carried out as the flow does it. What the flow asks the services meanwhile has no effect on the next step.
 */
class Rehearsal {
  secrets: SecretState[];
  readonly living: Set<string>;
  readonly made: string[] = [];
  /** What went wrong, in words. */
  readonly broken: string[] = [];
  /** Each step that was taken, in all runs. */
  readonly taken: string[] = [];
  #time = now.getTime();
  #writesLeft = Infinity;
  #compromised = false;

  constructor(secrets: readonly SecretState[], dead: readonly string[]) {
    this.secrets = [...secrets];
    const held = secrets.map(({ holds }) => holds);
    this.living = new Set(held.filter((key) => !dead.includes(key)));
  }

  get #now(): Date {
    return new Date(this.#time);
  }

  pass(hours: number): void {
    this.#time += hours * hourMs;
  }

  /** @returns how the run ended */
  run({
    wish,
    overlapEntry,
    writes,
  }: Pick<RunPlan, "wish" | "overlapEntry" | "writes">): NextStep["kind"] | "cut off" {
    this.#writesLeft = writes;
    this.#compromised = wish.intent === "compromised";
    this.#sweep();
    const done = {
      changedTo: new Set<string>(),
      made: new Set<string>(),
      retired: new Set<never>(),
    };
    try {
      for (let steps = 0; steps < 20; steps += 1) {
        const step = this.next(wish, { ...done, blocked: new Set() });
        if (step.kind === "none") return "none";
        this.taken.push(step.kind);
        if (step.kind === "change-over") done.changedTo.add(this.#changeOver(step, overlapEntry));
        if (step.kind === "retire") {
          this.#retire(step);
          done.retired.add((step.holders[0]?.mark.retire?.why ?? "renewal") as never);
        }
      }
      this.broken.push(`a run does not come to its end: ${this.taken.slice(-6).join(" ")}`);
      return "none";
    } catch (error) {
      if (error instanceof CutOff) return "cut off";
      throw error;
    }
  }

  next(wish: StepWish, done: Done = nothingDone): NextStep {
    const names = [...this.living, ...this.secrets.flatMap(({ holds, beside }) => [holds, beside ?? holds])];
    const keys = Object.fromEntries(names.map((name) => [name, { alive: this.living.has(name) }]));
    return nextStep(surveyed({ secrets: this.secrets, keys, now: this.#now }), wish, done);
  }

  #changeOver(step: ChangeOver, overlapEntry: boolean): string {
    const key = step.to?.keyId ?? this.#make();
    if (!this.living.has(key)) this.broken.push(`secrets are to get the dead key ${key}`);
    if (step.holders.length === 0) this.broken.push("nobody is to get a key");
    for (const { target } of step.holders) {
      const { namespace, holds, beside, chosen = true } = this.#secret(target.namespace);
      const before = [holds, beside].find((one) => one !== undefined && one !== key && this.living.has(one));
      this.#write({
        namespace,
        chosen,
        holds: key,
        beside: overlapEntry ? before : undefined,
        retire:
          before === undefined
            ? undefined
            : {
                keyId: before,
                after: step.after.toISOString(),
                ...(step.why === undefined ? {} : { why: step.why }),
              },
      });
    }
    return key;
  }

  #retire({ keyId, old, holders }: Retirement): void {
    const [keeper, ...rest] = holders.map(({ target }) => target.namespace);
    const mark = holders[0]?.mark.retire;
    for (const namespace of rest) this.#write({ ...this.#plain(namespace) });
    if (keeper !== undefined) this.#write({ ...this.#plain(keeper), retire: mark });
    const early = Date.parse(mark?.after ?? "") > this.#time;
    if (early && !this.#compromised && old?.alive !== false)
      this.broken.push(`${keyId} was retired before its time`);
    this.#cut();
    this.kill(keyId ?? "");
    for (const { namespace, holds, beside } of this.secrets) {
      if (holds === keyId || beside === keyId)
        this.broken.push(`${keyId} was retired while ${namespace} held it`);
    }
    if (keeper !== undefined) this.#write({ ...this.#plain(keeper) });
  }

  #plain(namespace: string): SecretState {
    const { holds, chosen = true } = this.#secret(namespace);
    return { namespace, holds, chosen };
  }

  #make(): string {
    const key = `made-${this.made.length + 1}`;
    this.made.push(key);
    this.living.add(key);
    return key;
  }

  /** A key that a run made and no secret holds is named by that run's mark, and is removed. */
  #sweep(): void {
    const held = new Set(this.secrets.flatMap(({ holds, beside, retire }) => [holds, beside, retire?.keyId]));
    for (const key of this.made) if (!held.has(key)) this.living.delete(key);
  }

  /** The key ends, whoever holds it. */
  kill(key: string): void {
    this.living.delete(key);
  }

  #secret(namespace: string): SecretState {
    return this.secrets.find((one) => one.namespace === namespace)!;
  }

  #write(secret: SecretState): void {
    const before = this.#secret(secret.namespace);
    if (JSON.stringify(before) === JSON.stringify(secret)) return;
    this.#cut();
    this.secrets = this.secrets.map((one) => (one === before ? secret : one));
    if (this.#pulls(before) && !this.#pulls(secret))
      this.broken.push(`${secret.namespace} can no longer pull`);
  }

  #cut(): void {
    if (this.#writesLeft === 0) throw new CutOff();
    this.#writesLeft -= 1;
  }

  #pulls({ holds, beside }: SecretState): boolean {
    return this.living.has(holds) || (beside !== undefined && this.living.has(beside));
  }
}

const names = ["a", "b", "c", "d"];
const start = fc
  .record({
    holds: fc.array(fc.constantFrom("one", "two"), { minLength: 1, maxLength: names.length }),
    chosen: fc.integer({ min: 1, max: 15 }),
    dead: fc.subarray(["one", "two"], { maxLength: 1 }),
  })
  .map(({ holds, chosen, dead }) => ({
    dead,
    secrets: holds.map((key, index) => ({
      namespace: names[index] ?? "",
      holds: key,
      // The first is always asked for.
      chosen: index === 0 || (chosen & (1 << index)) !== 0,
    })),
  }));

/** The same, but all secrets hold one key, and the run was asked for every holder of a dead key. */
const oneKey = start.map(({ secrets, dead }) => ({
  dead,
  secrets: secrets.map(({ namespace, chosen }) => ({
    namespace,
    holds: "one",
    chosen: chosen || dead.includes("one"),
  })),
}));

const wishes = fc.record({
  intent: fc.constantFrom("rotate", "rotate", "finish", "compromised"),
  ifDue: fc.boolean(),
  graceMs: fc.constantFrom(1, 24).map((hours) => hours * hourMs),
}) satisfies fc.Arbitrary<StepWish>;

const plans: fc.Arbitrary<readonly RunPlan[]> = fc.array(
  fc.record({
    wish: wishes,
    overlapEntry: fc.boolean(),
    later: fc.constantFrom(0, 1, 23, 24, 25),
    died: fc.array(fc.nat({ max: 3 }), { maxLength: 1 }),
    writes: fc.oneof(fc.nat({ max: 12 }), fc.constant(Infinity)),
  }),
  { maxLength: 6 },
);

/** Rehearses these runs, one after another. */
function rehearse(
  { secrets, dead }: { secrets: SecretState[]; dead: string[] },
  runs: readonly RunPlan[],
  mayDie: boolean,
): Rehearsal {
  const rehearsal = new Rehearsal(secrets, dead);
  for (const plan of runs) {
    rehearsal.pass(plan.later);
    const living = [...rehearsal.living];
    if (mayDie) for (const index of plan.died) rehearsal.kill(living[index % living.length] ?? "");
    rehearsal.run(plan);
  }
  return rehearsal;
}

const uncut = { overlapEntry: true, writes: Infinity };

describe("runs of rotate, whatever each was asked for and wherever it was cut off,", () => {
  it("break no pull, and retire no key before its time or while a secret holds it", () => {
    fc.assert(
      fc.property(start, plans, fc.boolean(), (world, runs, mayDie) => {
        expect(rehearse(world, runs, mayDie).broken).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it("finish with one more run after the grace, and leave nothing to do", () => {
    fc.assert(
      fc.property(start, plans, fc.boolean(), (world, runs, mayDie) => {
        const rehearsal = rehearse(world, runs, mayDie);
        rehearsal.run({ ...uncut, wish: { ...plainWish, ifDue: true } });
        rehearsal.pass(48);
        rehearsal.run({ ...uncut, wish: { ...plainWish, ifDue: true } });
        rehearsal.pass(48);
        rehearsal.run({ ...uncut, wish: { ...plainWish, intent: "finish" } });
        expect(rehearsal.broken).toEqual([]);
        const unfinished = rehearsal.secrets.filter(
          ({ holds, chosen, beside, retire }) =>
            (chosen && !rehearsal.living.has(holds)) || beside !== undefined || retire !== undefined,
        );
        expect(unfinished).toEqual([]);
        for (const intent of ["rotate", "finish"] as const) {
          expect(rehearsal.next({ ...plainWish, intent, ifDue: true }).kind).toBe("none");
        }
      }),
      { numRuns: 300 },
    );
  });

  it("take no step twice: what is done is not the next thing to do", () => {
    fc.assert(
      fc.property(start, plans, (world, runs) => {
        const rehearsal = rehearse(world, runs, true);
        rehearsal.run({ ...uncut, wish: { ...plainWish, ifDue: true } });
        const before = JSON.stringify(rehearsal.secrets);
        const taken = rehearsal.taken.length;
        rehearsal.run({ ...uncut, wish: { ...plainWish, ifDue: true } });
        expect(rehearsal.taken.slice(taken)).toEqual([]);
        expect(JSON.stringify(rehearsal.secrets)).toBe(before);
      }),
    );
  });

  it("are gone on with by the same command as if nothing had cut them off", () => {
    fc.assert(
      fc.property(oneKey, wishes, fc.nat({ max: 12 }), (world, wish, writes) => {
        const [unbroken, cut] = [rehearse(world, [], false), rehearse(world, [], false)];
        unbroken.run({ ...uncut, wish });
        if (cut.run({ overlapEntry: true, writes, wish }) !== "cut off") return;
        cut.run({ ...uncut, wish });
        const shape = ({ secrets, living }: Rehearsal) =>
          secrets.map(({ namespace, holds, beside, retire }) => [
            namespace,
            living.has(holds),
            beside !== undefined,
            retire?.why ?? retire !== undefined,
          ]);
        expect(shape(cut)).toEqual(shape(unbroken));
      }),
      { numRuns: 300 },
    );
  });

  it("replace every leaked key that was asked for by the same command, wherever it was cut off before", () => {
    const wish: StepWish = { ...plainWish, intent: "compromised" };
    fc.assert(
      fc.property(start, fc.array(fc.nat({ max: 9 }), { maxLength: 3 }), (world, cuts) => {
        const rehearsal = rehearse({ ...world, dead: [] }, [], false);
        for (const writes of cuts) rehearsal.run({ overlapEntry: true, writes, wish });
        if (rehearsal.run({ ...uncut, wish }) !== "none") throw new Error("it came to no end");
        expect(rehearsal.broken).toEqual([]);
        const asked = new Set(world.secrets.filter(({ chosen }) => chosen).map(({ holds }) => holds));
        expect([...asked].filter((key) => rehearsal.living.has(key))).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });
});
