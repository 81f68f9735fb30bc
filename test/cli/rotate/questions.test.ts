import { describe, expect, it } from "vitest";
import type { OptionSet } from "../../../src/cli/options/option.ts";
import { rotateOptions } from "../../../src/cli/rotate/options.ts";
import type { Choice, ChooseSeveralQuestion } from "../../../src/cli/ask/prompter.ts";
import type { Texts } from "../../../src/cli/ask/question.ts";
import { isSelected, selectionOf, keysQuestion, rotateQuestions } from "../../../src/cli/rotate/questions.ts";
import type { RotatableKey } from "../../../src/core/rotate/contract.ts";

const options: OptionSet = rotateOptions;
/** Nothing is asked or looked up here. */
const questions = rotateQuestions({ context: {} } as Parameters<typeof rotateQuestions>[0]);

function key(keyId: string, loginServer: string, ...secrets: string[]): RotatableKey {
  return {
    contexts: ["kind"],
    clusterId: "c",
    registry: `/registries/${loginServer}`,
    loginServer,
    appId: `app of ${keyId}`,
    keyId,
    expiresAt: "2030-01-21T12:00:00Z",
    secrets,
    retireAfter: undefined,
  };
}

const one = key("1", "a.azurecr.io", "web/acr-secret", "jobs/acr-secret");
const two = key("2", "a.azurecr.io", "jobs/other", "shop/other");
const three = key("3", "b.azurecr.io", "web/acr-secret", "shop/acr-secret");
const four = key("4", "b.azurecr.io", "web/more");
const all = [one, two, three, four];

describe("the questions of rotate", () => {
  it("answer every option that has a question, each by one", () => {
    const asked = Object.keys(options).filter((name) => options[name]?.question !== undefined);
    const answered = questions.flatMap((one) => one.options.filter((name) => asked.includes(name)));
    expect(answered.sort()).toEqual(asked.sort());
  });

  it("name options that there are, and nobody is asked who said it by flags", () => {
    for (const { options: answers, settledBy, dependsOn } of questions) {
      expect([...answers, ...settledBy, ...dependsOn].filter((name) => !(name in options))).toEqual([]);
      expect(settledBy).toEqual(expect.arrayContaining([...answers]));
    }
  });
});

describe("the options that mean the chosen keys", () => {
  it.each<[string, RotatableKey[], Texts | undefined]>([
    ["none for all", all, {}],
    ["the registry for all of its keys", [three, four], { registry: ["b.azurecr.io"] }],
    ["a namespace that all of them and no other are held in", [one, three, four], { namespaces: ["web"] }],
    ["registry and namespace together", [two], { registry: ["a.azurecr.io"], namespaces: ["shop"] }],
    ["none that could", [four], undefined],
  ])("%s", (_what, chosen, texts) => {
    expect(selectionOf(chosen, all)).toEqual(texts);
  });

  it("a namespace alone, where no other key is held in it", () => {
    expect(selectionOf([two], [one, two])).toEqual({ namespaces: ["shop"] });
    expect(selectionOf([one, three], [one, key("5", "a.azurecr.io", "lab/x"), three])).toEqual({
      namespaces: ["web"],
    });
  });

  it("mean those keys and no others, whatever is chosen", () => {
    const choices = Array.from({ length: 2 ** all.length }, (_item, bits) =>
      all.filter((_key, index) => (bits >> index) & 1),
    );
    const meant = choices.map((chosen) => {
      const texts = selectionOf(chosen, all);
      return texts ? all.filter((candidate) => isSelected(candidate, texts)) : chosen;
    });
    expect(meant).toEqual(choices);
  });
});

describe("the question for keys", () => {
  type Shown = ChooseSeveralQuestion & { readonly choices: readonly Choice[] };

  async function ask(keys: readonly RotatableKey[], answer: (shown: Shown) => readonly string[]) {
    let shown: Shown | undefined;
    const question = keysQuestion({
      keys: () => Promise.resolve(keys),
      now: () => new Date("2030-01-01T12:00:00Z"),
      prompter: {
        chooseSeveral: (asked) => {
          shown = asked as Shown;
          return Promise.resolve({ kind: "answer", value: answer(shown) });
        },
      },
    });
    const reply = await question.ask({
      answers: {} as never,
      data: Promise.resolve(keys),
      previous: {},
      canGoBack: true,
      changeable: [],
      signal: new AbortController().signal,
    });
    return { question, shown, reply };
  }

  it("proposes all of them, each with its end and how many secrets hold it", async () => {
    const retiring = { ...three, expiresAt: null, retireAfter: "2030-01-02T00:00:00Z" };
    const dead = { ...four, expiresAt: "2029-12-31T00:00:00Z" };
    const { shown, reply } = await ask([one, retiring, dead], ({ preselected }) => preselected);
    expect(shown?.choices.map(({ label, detail }) => `${label}: ${detail}`)).toEqual([
      "a.azurecr.io: key 1, expires in 20 days, 2 secrets",
      "b.azurecr.io: key 3, end unknown, 2 secrets, its old key is still to be retired",
      "b.azurecr.io: key 4, expired, one secret",
    ]);
    expect(reply).toEqual({ kind: "answer", value: {} });
  });

  it("names the cluster of each where there are several", async () => {
    const elsewhere = { ...one, clusterId: "d", contexts: ["lab", "lab-admin"] };
    const { shown } = await ask([one, elsewhere], ({ preselected }) => preselected);
    expect(shown?.choices.map(({ detail }) => detail?.split(",")[0])).toEqual(["kind", "lab and lab-admin"]);
  });

  it("answers by the registry, and refuses what no options mean", async () => {
    const chosen = ({ choices }: Shown) => choices.slice(2).map(({ value }) => value);
    const { shown, reply } = await ask(all, chosen);
    expect(reply).toEqual({ kind: "answer", value: { registry: ["b.azurecr.io"] } });
    const { signal } = new AbortController();
    const values = shown?.choices.map(({ value }) => value) ?? [];
    expect(await shown?.check?.(values.slice(3), signal)).toContain("No options select only these keys");
    expect(await shown?.check?.(values, signal)).toBeUndefined();
  });

  it("is not asked where there is nothing to choose", async () => {
    const { question } = await ask(all, ({ preselected }) => preselected);
    expect([[], [one], all].map((keys) => question.isOpen?.(keys, {} as never))).toEqual([
      false,
      false,
      true,
    ]);
  });
});
