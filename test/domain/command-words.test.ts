import { describe, expect, it } from "vitest";
import { commandWords } from "../../src/domain/command-words.ts";

describe("the words of a command", () => {
  it.each([
    ["kubeseal", ["kubeseal"]],
    ["  kubeseal   --format yaml ", ["kubeseal", "--format", "yaml"]],
    ["sops --encrypted-regex '^(data|stringData)$'", ["sops", "--encrypted-regex", "^(data|stringData)$"]],
    [String.raw`a "b \"c\" \\ d" e\ f ''`, ["a", String.raw`b "c" \ d`, "e f", ""]],
    ["a b\"c d\"'e f'g", ["a", "bc de fg"]],
    [String.raw`a "\n"`, ["a", String.raw`\n`]],
    ["größe 'ü ö'", ["größe", "ü ö"]],
  ])("of %s are %j", (text, words) => {
    expect(commandWords(text)).toEqual(words);
  });

  it.each([
    ["", "must name a command"],
    ["   ", "must name a command"],
    ["'' a", "must name a command"],
    ["a 'b", "must close each quote"],
    ['a "b', "must close each quote"],
    ["a \\", "must close each quote"],
    ["a | b", "without a shell"],
    ["a > b", "without a shell"],
    ["a $HOME", "without a shell"],
    ["a; b", "without a shell"],
    ["a `b`", "without a shell"],
    ["a *.pem", "without a shell"],
  ])("cannot be told of %j", (text, rule) => {
    expect(() => commandWords(text)).toThrow(rule);
  });
});
