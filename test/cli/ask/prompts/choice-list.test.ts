import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Choice } from "../../../../src/cli/ask/prompter.ts";
import { ChoiceList, withPreselected } from "../../../../src/cli/ask/prompts/choice-list.ts";

const list = ChoiceList.of([
  { value: "/r/1", label: "myregistry.azurecr.io", detail: "West Europe" },
  { value: "/r/2", label: "other.azurecr.io", detail: "East US" },
  { value: "/r/3", label: "Ä-registry.azurecr.io" },
]);
const small = (text: string): Choice | undefined => {
  if (text === "nothing") return undefined;
  if (text !== text.toLowerCase()) throw new RangeError("must be in small letters");
  return { value: text, label: `${text} (new)` };
};
const values = (entries: readonly Choice[]) => entries.map(({ value }) => value);

describe("what matches a text", () => {
  it.each([
    ["", ["/r/1", "/r/2", "/r/3"]],
    ["REGISTRY", ["/r/1", "/r/3"]],
    ["west my", ["/r/1"]],
    ["/r/2", ["/r/2"]],
    ["ä-", ["/r/3"]],
    ["  east  ", ["/r/2"]],
    ["east my", []],
    ["registry other", []],
  ])("%j: %j", (text, expected) => {
    expect(values(list.matching(text))).toEqual(expected);
  });

  it("comes first where its name has the words", () => {
    const ports = ChoiceList.of([
      { value: "reg10", label: "reg10", detail: "localhost:4105" },
      { value: "reg05", label: "reg05", detail: "localhost:4000" },
    ]);
    expect(values(ports.matching("05"))).toEqual(["reg05", "reg10"]);
  });

  it("has every word of it somewhere, and leaves nothing out that has", () => {
    const choices = fc.array(fc.record({ value: fc.string(), label: fc.string(), detail: fc.string() }));
    fc.assert(
      fc.property(choices, fc.string(), (choices, text) => {
        const list = ChoiceList.of(choices);
        const words = text.toLowerCase().split(/\s+/).filter(Boolean);
        const has = ({ label, value, detail = "" }: Choice) =>
          words.every((word) => [label, value, detail].some((part) => part.toLowerCase().includes(word)));
        expect(new Set(list.matching(text))).toEqual(new Set(list.all.filter(has)));
      }),
    );
  });
});

describe("what a list offers for a text", () => {
  it.each<[string, string[], string | undefined]>([
    ["shop", ["shop"], undefined],
    ["azurecr", ["/r/1", "/r/2", "/r/3", "azurecr"], undefined],
    ["other.azurecr.io", ["/r/2"], undefined],
    ["/r/2", ["/r/2"], undefined],
    ["Shop", [], "It must be in small letters."],
    ["nothing", [], undefined],
    ["  ", ["/r/1", "/r/2", "/r/3"], undefined],
  ])("%j: %j, breaking the rule %j", (text, entries, rule) => {
    const offer = list.offer(text, small);
    expect([values(offer.entries), offer.rule]).toEqual([entries, rule]);
  });

  it("has a choice once, though it is also what the text can become", () => {
    const existing = ChoiceList.of([{ value: "shop", label: "the shop" }]);
    const { entries } = existing.offer("sho", () => ({ value: "shop", label: "new" }));
    expect(entries).toEqual([{ value: "shop", label: "the shop" }]);
  });

  it("lets a failure through that is no broken rule", () => {
    const broken = () => {
      throw new TypeError("a mistake");
    };
    expect(() => list.offer("shop", broken)).toThrow(TypeError);
  });
});

describe("a list", () => {
  it("finds a choice by its value or label, to the letter before any other case", () => {
    const cases = ChoiceList.of([
      { value: "1", label: "SHOP" },
      { value: "2", label: "shop" },
    ]);
    expect(cases.named("shop")?.value).toBe("2");
    expect(cases.named("Shop")?.value).toBe("1");
    expect(cases.named("sho")).toBeUndefined();
  });

  it("begins with what is preselected, also where no choice has it yet", () => {
    const made = withPreselected(list.all, ["shop", "/r/2", "Bad"], small);
    expect(values(made.withFirst(["shop", "/r/2"]).all)).toEqual(["shop", "/r/2", "/r/1", "/r/3"]);
    expect(values(withPreselected(list.all, ["shop"], undefined).all)).toEqual(["/r/1", "/r/2", "/r/3"]);
  });
});
