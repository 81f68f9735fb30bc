import { describe, expect, it } from "vitest";
import { cutInside, wrapped } from "../../../src/cli/show/text-width.ts";

describe("a sentence", () => {
  it("is broken between words, and not at all where there is no end of columns", () => {
    expect(wrapped("The node reads it", 10)).toEqual(["The node", "reads it"]);
    expect(wrapped("The node reads it", Infinity, 2)).toEqual(["  The node reads it"]);
  });

  it("keeps a word whole that is too long, to be copied", () => {
    expect(wrapped("key 35257799-4609-4a58 ends", 12, 2)).toEqual([
      "  key",
      "  35257799-4609-4a58",
      "  ends",
    ]);
  });

  it("keeps a command whole, with what stands behind it, and breaks the words around it", () => {
    const again = "acr-pull setup --registry myregistry --namespace team-a --yes";
    expect(wrapped(`Make it, or name another: ${again}. Then look again.`, 40)).toEqual([
      "Make it, or name another:",
      `${again}.`,
      "Then look again.",
    ]);
    expect(wrapped("It shows (kubectl --context kind get pods) what there is.", 30)).toEqual([
      "It shows",
      "(kubectl --context kind get pods)",
      "what there is.",
    ]);
    expect(wrapped("The program acr-pull - and az too - stands between other words.", 20)).toEqual([
      "The program acr-pull",
      "- and az too -",
      "stands between other",
      "words.",
    ]);
  });

  it("keeps a command whole whose quoted word has spaces after commas and brackets", () => {
    const again = "acr-pull verify --namespace-selector 'team in (web, app), tier=front' --context kind";
    expect(wrapped(`Follow it, then: ${again}. Then look again.`, 40)).toEqual([
      "Follow it, then:",
      `${again}.`,
      "Then look again.",
    ]);
  });

  it("counts wide characters as two columns, and takes out what would move the cursor", () => {
    expect(wrapped("名前空間 名前空間", 10)).toEqual(["名前空間", "名前空間"]);
    expect(wrapped("a\u001b[2J b", 10)).toEqual(["a b"]);
  });
});

describe("a name that is too long", () => {
  it("is cut inside, since names differ at their ends", () => {
    expect(cutInside(9, "aks-production-weu")).toBe("aks-…-weu");
    expect(cutInside(18, "aks-production-weu")).toBe("aks-production-weu");
    expect(cutInside(6, "名前空間")).toBe("名…間");
  });
});
