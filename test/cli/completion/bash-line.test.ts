import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readBashLine } from "../../../src/cli/completion/bash-line.ts";
import { shellQuote } from "../../../src/domain/shell-quote.ts";

describe("a line of bash", () => {
  it.each([
    ["a b c", ["a", "b"], "c"],
    ["a b ", ["a", "b"], ""],
    ["a  b\tc", ["a", "b"], "c"],
    ["a 'b c' d", ["a", "b c"], "d"],
    ['a "b c" d', ["a", "b c"], "d"],
    ["a b\\ c d", ["a", "b c"], "d"],
    ["a '' ", ["a", ""], ""],
    ["a --x=y:z@w", ["a"], "--x=y:z@w"],
    ["a 'b c", ["a"], "b c"],
    ['a "b \\" c', ["a"], 'b " c'],
    ['a "b \\c', ["a"], "b \\c"],
    ["a 'b\\' c", ["a", "b\\"], "c"],
    ["a x'y z'w", ["a"], "xy zw"],
    ["a b\\\nc d", ["a", "bc"], "d"],
    ["a b\\", ["a"], "b\\"],
    ["", [], ""],
  ])("%j has its words without quotes", (line, words, current) => {
    expect(readBashLine(line, "")).toMatchObject({ words, current });
  });

  it.each([
    ["a kin", "kin", "kind-dev", "kind-dev"],
    ["a arn:aw", "aw", "arn:aws:eks", "aws:eks"],
    ["a arn:aw", "arn:aw", "arn:aws:eks", "arn:aws:eks"],
    ["a admin@", "@", "admin@prod", "@prod"],
    ["a admin@pr", "@pr", "admin@prod", "@prod"],
    ["a --context=adm", "adm", "--context=admin@prod", "admin@prod"],
    ["a --context=", "", "--context=x", "x"],
    ["a ", "", "we ird$(id)", "we\\ ird\\$\\(id\\)"],
    ["a we\\ i", "we\\ i", "we ird", "we\\ ird"],
    ["a 'we i", "we i", "we ird$(id)", "we ird$(id)"],
    ["a 'it", "it", "it's", "it'\\''s"],
    ['a "we', "we", 'we "$x`', 'we \\"\\$x\\`'],
    ['a --context="arn:a', "arn:a", "--context=arn:aws", "arn:aws"],
    ["a 'k'i", "'k'i", "kind two", "kind\\ two"],
    ["a ''", "''", "*", "\\*"],
  ])("%j, of which %j is replaced, becomes %j by %j", (line, replaced, word, inserted) => {
    expect(readBashLine(line, replaced).insert(word)).toBe(inserted);
  });

  it("has the words that bash itself would read", () => {
    const texts = fc.string({ unit: fc.constantFrom(..."ab '\"\\$`@:=*~!#é\t".split("")), maxLength: 6 });
    const samples = fc.sample(fc.array(texts, { minLength: 1, maxLength: 4 }), 200);
    for (const words of samples) {
      expect(readBashLine(`${words.map(shellQuote).join(" ")} `, "").words).toEqual(words);
    }
  });

  it("holds the whole word, unharmed by bash, once the insertion is in it", () => {
    const names = fc.string({
      unit: fc.constantFrom(..."ab'\"\\$`@:=*~() ;&|<>".split("")),
      minLength: 1,
      maxLength: 8,
    });
    const samples = fc.sample(fc.tuple(names, fc.nat(8), fc.constantFrom("", "'", '"')), 300);
    const lines = samples.map(([word, cut, quote]) => lineWith(word, cut, quote));
    const script = lines.map((line) => `printf '%s\\0' ${line}`).join("\n");
    const { stdout, stderr } = spawnSync("bash", ["--norc", "-c", script], { encoding: "utf8", env: {} });
    expect(stderr).toBe("");
    expect(stdout.split("\0").slice(0, -1)).toEqual(samples.map(([word]) => word));
  });
});

/** A word of which a part was typed in this quote, and which readline then completed. */
function lineWith(word: string, cut: number, quote: string): string {
  const part = word.slice(0, cut);
  const escaped = {
    "": part.replace(/[^\w]/g, "\\$&"),
    "'": `'${part.replaceAll("'", "'\\''")}`,
    '"': `"${part.replace(/["$\\`]/g, "\\$&")}`,
  }[quote];
  const typed = escaped ?? "";
  // If nothing breaks the word, readline replaces what stands behind the open quote.
  const opened = quote === "'" ? typed.lastIndexOf("'") + 1 : quote.length;
  const inserted = readBashLine(`a ${typed}`, typed.slice(opened)).insert(word);
  return `${typed.slice(0, opened)}${inserted}${quote}`;
}
