import { describe, expect, it } from "vitest";
import type { OptionSet } from "../../../../src/cli/options/option.ts";
import { setupOptions, type SetupAnswers } from "../../../../src/cli/setup/options.ts";
import type { Prompter } from "../../../../src/cli/ask/prompter.ts";
import type { SetupQuestionParts } from "../../../../src/cli/setup/questions/question.ts";
import { adoptQuestion } from "../../../../src/cli/setup/questions/secret.ts";
import { reviewQuestion, type ReviewParts } from "../../../../src/cli/setup/questions/review.ts";
import { setupQuestions } from "../../../../src/cli/setup/questions/questions.ts";

const options: OptionSet = setupOptions;
/** Nothing is asked or looked up here. */
const parts = { lookups: {}, prompter: {} } as SetupQuestionParts;
const questions = setupQuestions(parts, { attach: false });
const placeOf = (option: string) => questions.findIndex((one) => one.options.includes(option));

describe("the questions of setup", () => {
  it("answer every option that has a question, each by one", () => {
    const asked = Object.keys(options).filter((name) => options[name]?.question !== undefined);
    const answered = questions.flatMap((one) => one.options.filter((name) => asked.includes(name)));
    expect(answered.sort()).toEqual(asked.sort());
    expect(questions.map(({ options: [first] }) => asked.includes(first ?? ""))).not.toContain(false);
  });

  it.each(questions.map((one) => [one.id, one] as const))(
    "%s: names options that there are, and answers what a flag could have said",
    (_id, one) => {
      const named = [...one.options, ...one.settledBy, ...one.dependsOn];
      expect(named.filter((name) => !(name in options))).toEqual([]);
      // A user who gives the flag is not asked.
      expect(one.settledBy).toContain(one.options[0]);
      for (const name of one.options) {
        const option = options[name];
        expect(option?.long).toMatch(/^--/);
        expect([name, option?.variable === undefined]).toEqual([name, option?.group === "Consent"]);
      }
    },
  );

  it.each(questions.map((one, place) => [one.id, one, place] as const))(
    "%s: depends on what was asked before it",
    (_id, { dependsOn }, place) => {
      expect(dependsOn.filter((option) => placeOf(option) >= place)).toEqual([]);
    },
  );

  it.each(questions.map((one) => [one.id, one] as const))(
    "%s: makes sense or not by what it depends on and by what is never asked",
    (_id, one) => {
      const read = new Set<string>();
      for (const role of ["owner", "acrpull"]) {
        const answers = new Proxy({} as SetupAnswers, {
          get(_target, name) {
            read.add(String(name));
            return name === "role" ? role : undefined;
          },
        });
        one.applies(answers);
      }
      const ahead = [...read].filter((option) => placeOf(option) >= 0 && !one.dependsOn.includes(option));
      expect(ahead).toEqual([]);
    },
  );

  it("have names of their own, and subjects to be told apart in a list", () => {
    const ids = questions.map(({ id }) => id);
    const subjects = questions.flatMap(({ subject }) => subject ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(subjects).size).toBe(subjects.length);
  });

  it("end with a review that depends on every option and answers none", () => {
    const review = reviewQuestion({ prompter: parts.prompter } as ReviewParts);
    expect(review.options).toEqual([]);
    expect([...review.dependsOn].sort()).toEqual(Object.keys(options).sort());
  });

  it("lead from a secret of somebody else's to an earlier question", async () => {
    const prompter: Pick<Prompter, "choose"> = {
      choose: () => Promise.resolve({ kind: "answer", value: "another" }),
    };
    const adopt = adoptQuestion({ ...parts, prompter: prompter as Prompter });
    const reply = await adopt.ask({
      answers: {} as SetupAnswers,
      data: Promise.resolve([]),
      previous: {},
      canGoBack: true,
      changeable: [],
      signal: new AbortController().signal,
    });
    const earlier = questions.slice(0, placeOf("adopt")).map(({ id }) => id);
    expect(earlier.map((id) => ({ kind: "change", question: id }))).toContainEqual(reply);
  });
});
