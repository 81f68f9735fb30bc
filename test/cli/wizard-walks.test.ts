import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Texts, WizardReply } from "../../src/cli/ask/question.ts";
import { Wizard, type Recovery } from "../../src/cli/ask/wizard.ts";
import { flags, lookOf, question, read, type Answers, type TestQuestion } from "./scripted-wizard.ts";

const text = fc.constantFrom("x", "y", "z");
const earlier = fc.nat({ max: 5 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });

/** A random question. Numbers refer to earlier questions. */
const plan = fc.record({
  dependsOn: fc.array(earlier, { maxLength: 3 }),
  dependsOnMore: fc.boolean(),
  /** Applies only if that question has that text. */
  applies: maybe(fc.tuple(earlier, text)),
  /** Has something to ask only if the first question that it depends on has this text. */
  open: maybe(text),
  flag: maybe(text),
  /** Whether the flag is an alias of the option. */
  alias: fc.boolean(),
  fetched: fc.constantFrom("early" as const, "soon" as const),
  turns: fc.nat({ max: 2 }),
  /** Whether its data is awaited before it is answered. */
  waits: fc.boolean(),
});
type Plan = typeof plan extends fc.Arbitrary<infer P> ? P : never;

/** What is done at a question. */
const move = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("answer" as const), text }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("back" as const, "again", "fail", "more") }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("change" as const), place: earlier }) },
);
type Move = typeof move extends fc.Arbitrary<infer M> ? M : never;

type Planned = Omit<TestQuestion, "ask" | "look"> & Pick<Plan, "turns" | "waits">;

function planned(plans: readonly Plan[]): Planned[] {
  const questions = plans.map((one, index): Planned => {
    const name = (place: number) => `q${place % index}`;
    const dependsOn = [
      ...(index > 0 ? new Set(one.dependsOn.map(name)) : []),
      ...(one.dependsOnMore ? ["more"] : []),
    ];
    const { applies, open, fetched, turns, waits } = one;
    return {
      ...question(`q${index}`, { dependsOn, fetched }),
      settledBy: [`q${index}`, `alias${index}`],
      applies: (answers) => !applies || index === 0 || answers[name(applies[0])] === applies[1],
      ...(open !== undefined && { isOpen: (data: string) => data.includes(` ${dependsOn[0]}=${open}`) }),
      turns,
      waits,
    };
  });
  const review = question("review", { subject: undefined, options: [], settledBy: [], fetched: "soon" });
  const dependsOn = questions.map(({ id }) => id);
  return [...questions, { ...review, dependsOn, turns: 1, waits: true }];
}

/** An answer, and what it was based on. */
interface Last {
  readonly texts: Texts;
  readonly basis: string;
}

/** What is known before a question by the rules alone, and which earlier questions were wrongly not asked. */
function known(
  questions: readonly Planned[],
  given: Answers,
  last: ReadonlyMap<string, Last>,
): { readonly answers: Answers; readonly unasked: readonly string[] } {
  let answers = given;
  const unasked: string[] = [];
  for (const one of questions) {
    if (!one.applies(answers)) continue;
    const basis = lookOf(one, answers);
    const answer = last.get(one.id);
    if (answer?.basis === basis) {
      const others = Object.entries(answers).filter(([option]) => !one.settledBy.includes(option));
      const own = Object.entries(answer.texts).map(([option, texts]) => [option, texts.join(",")]);
      answers = Object.fromEntries([...others, ...own]);
      continue;
    }
    const settled = !answer && one.settledBy.some((option) => given[option] !== undefined);
    if (!settled && one.isOpen?.(basis, answers) !== false) unasked.push(`${one.id} on ${basis}`);
  }
  return { answers, unasked };
}

class Failure extends Error {
  readonly recovery: Recovery;

  constructor(recovery: Recovery) {
    super("failed on purpose");
    this.recovery = recovery;
  }
}

it("comes by any way to answers that all rest on one another, with nothing stale and nothing left out", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(plan, { minLength: 1, maxLength: 6 }),
      fc.array(move, { maxLength: 30 }),
      async (plans, script) => {
        const questions = planned(plans);
        const moves = [...script];
        const last = new Map<string, Last>();
        let given: Answers = Object.fromEntries(
          plans.flatMap(({ flag, alias }, index) =>
            flag === undefined ? [] : [[alias ? `alias${index}` : `q${index}`, flag]],
          ),
        );

        const wizard = new Wizard<Answers>({
          questions: questions.map((one, index) => ({
            ...one,
            async look(answers, signal) {
              for (let turn = 0; turn < one.turns; turn += 1) await nextTurn();
              signal.throwIfAborted();
              return lookOf(one, answers);
            },
            async ask({ answers, data, previous, changeable }) {
              const rules = known(questions.slice(0, index), given, last);
              expect(rules.unasked).toEqual([]);
              expect(answers).toEqual(rules.answers);
              expect(previous).toEqual(last.get(one.id)?.texts ?? previousOf(one, given));
              const looked = lookOf(one, answers);
              expect(one.waits ? await data : looked).toBe(looked);
              const reply = replyOf(one, moves.shift() ?? { kind: "answer", text: "x" }, changeable);
              if (reply.kind === "answer") last.set(one.id, { texts: reply.value, basis: looked });
              return reply;
            },
          })),
          given: flags(given as Readonly<Record<string, string>>),
          read,
          wait: (_text, awaited) => awaited,
          async failed(error) {
            if (!(error instanceof Failure)) throw error;
            if (error.recovery.kind === "given") given = { ...given, more: "true" };
            return error.recovery;
          },
          signal: new AbortController().signal,
        });

        const result = read(await wizard.run());
        const rules = known(questions, given, last);
        expect(rules.unasked).toEqual([]);
        expect(result).toEqual(rules.answers);
      },
    ),
    { numRuns: 400 },
  );
});

/** What flags say about a question that has no answer yet. */
function previousOf({ options }: Planned, given: Answers): Texts {
  return Object.fromEntries(
    options.flatMap((option) => (given[option] === undefined ? [] : [[option, [given[option]]]])),
  );
}

function replyOf(
  { options }: Planned,
  done: Move,
  changeable: ReadonlyArray<{ readonly id: string }>,
): WizardReply {
  switch (done.kind) {
    case "answer":
      return { kind: "answer", value: Object.fromEntries(options.map((option) => [option, [done.text]])) };
    case "change": {
      const target = changeable[done.place % changeable.length];
      return target ? { kind: "change", question: target.id } : { kind: "again" };
    }
    case "fail":
      throw new Failure({ kind: "again" });
    case "more":
      throw new Failure({ kind: "given", texts: { more: ["true"] }, dependsOn: [] });
    case "again":
    case "back":
      return { kind: done.kind };
    default:
      return done satisfies never;
  }
}
