import { setImmediate as nextTurn } from "node:timers/promises";
import type { Given, GivenOptions } from "../../src/cli/options/answers.ts";
import type { Asked, Question, WizardReply } from "../../src/cli/ask/question.ts";
import { Wizard, type Recovery } from "../../src/cli/ask/wizard.ts";

/** Answers of the wizards under test: the text of each option that was given. */
export type Answers = Readonly<Record<string, string | undefined>>;

export type TestQuestion = Question<Answers, string>;

/** One question on the screen, as it was asked. */
export interface Seen extends Pick<Asked<Answers, string>, "answers" | "previous" | "canGoBack"> {
  readonly id: string;
  readonly data: string;
  readonly changeable: readonly string[];
}

/** The outcome of a walk through a wizard. */
export interface Walk {
  /** The options at the end. The texts of each are joined by commas. */
  readonly given: Answers;
  readonly seen: readonly Seen[];
  /** Every look, in order: the question, and what it depends on. */
  readonly looks: readonly string[];
  /** What was waited for while nothing was on the screen. */
  readonly waits: readonly string[];
}

/**
 * A question that answers the option of its own name, and shows what it depends on. `ask` and `look` come from the
 * script unless they are given.
 */
export function question(
  id: string,
  { dependsOn = [], ...rest }: Partial<TestQuestion> = {},
): Partial<TestQuestion> & Omit<TestQuestion, "ask" | "look"> {
  return {
    id,
    subject: `the ${id}`,
    options: [id],
    settledBy: [id],
    dependsOn,
    fetched: "early",
    applies: () => true,
    expect: () => ({ [id]: ["usual"] }),
    ...rest,
  };
}

/** Options as flags give them. */
export function flags(texts: Readonly<Record<string, string>>): GivenOptions {
  return new Map(
    Object.entries(texts).map(([name, text]): [string, Given] => [name, { texts: [text], source: "flag" }]),
  );
}

export function read(given: GivenOptions): Answers {
  return Object.fromEntries([...given].map(([name, { texts }]) => [name, texts.join(",")]));
}

/** The question and what it depends on, as the list of looks names it: "role of registry=a". */
export function lookOf({ id, dependsOn }: Pick<TestQuestion, "id" | "dependsOn">, answers: Answers): string {
  const basis = dependsOn.map((option) => `${option}=${answers[option] ?? ""}`);
  return basis.length === 0 ? id : `${id} of ${basis.join(" ")}`;
}

/**
 * Walks through questions by a script of steps, separated by commas. Each step names the question on the screen and
 * what is done there: `registry: a` answers, `role: back` goes back, and likewise `change registry`, `again` and
 * `fail`. `failed: …` says what is done about a failure. There, `give adopt for secret` gives one more option, for as
 * long as the answer for `secret` stays the same.
 * @throws OffScript if another question is on the screen than the script says, or if there is one too many or too few
 */
export async function walk(
  questions: ReadonlyArray<ReturnType<typeof question>>,
  script: string,
  given: GivenOptions = new Map(),
): Promise<Walk> {
  const steps = script.split(", ").filter((step) => step !== "");
  const seen: Seen[] = [];
  const looks: string[] = [];
  const waits: string[] = [];
  const next = (at: string) => {
    const step = steps.shift();
    const done = step?.startsWith(`${at}: `) ? step.slice(at.length + 2) : undefined;
    if (done === undefined) throw new OffScript(`${at} where the script says ${step ?? "nothing more"}`);
    return done;
  };
  const wizard = new Wizard<Answers>({
    questions: questions.map((one): TestQuestion => ({
      async look(answers) {
        looks.push(lookOf(one, answers));
        return lookOf(one, answers);
      },
      async ask({ data, changeable, answers, previous, canGoBack }) {
        const shown = {
          id: one.id,
          answers,
          previous,
          canGoBack,
          changeable: changeable.map(({ id }) => id),
        };
        seen.push({ ...shown, data: await data });
        // While somebody reads the question, the wizard looks up what it can.
        for (const _question of questions) await nextTurn();
        return replyOf(one.id, next(one.id));
      },
      ...one,
    })),
    given,
    read,
    async wait(text, awaited) {
      waits.push(text);
      return await awaited;
    },
    async failed(error): Promise<Recovery> {
      if (error instanceof OffScript) throw error;
      const done = next("failed");
      const [, option, dependsOn] = /^give (\w+)(?: for (\w+))?$/.exec(done) ?? [];
      if (option !== undefined) {
        return { kind: "given", texts: { [option]: ["true"] }, dependsOn: dependsOn ? [dependsOn] : [] };
      }
      const reply = replyOf("failed", done);
      if (reply.kind === "answer") throw error;
      return reply;
    },
    signal: new AbortController().signal,
  });
  const result = read(await wizard.run());
  if (steps.length > 0) throw new OffScript(`the end where the script says ${steps.join(", ")}`);
  return { given: result, seen, looks, waits };
}

class OffScript extends Error {}

function replyOf(id: string, done: string): WizardReply {
  if (done === "back" || done === "again") return { kind: done };
  if (done === "fail") throw new Error(`${id} failed`);
  if (done.startsWith("change ")) return { kind: "change", question: done.slice("change ".length) };
  return { kind: "answer", value: { [id]: [done] } };
}
