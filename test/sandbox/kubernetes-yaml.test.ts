import { describe, expect, it } from "vitest";
import { readYaml } from "../../src/sandbox/kubernetes/yaml.ts";

describe("YAML, as the API server reads it", () => {
  it.each([
    ["yes", true],
    ["n", false],
    ["Off", false],
    ['"yes"', "yes"],
    ["~", null],
    ["", null],
    ["010", 8],
    ["0o10", 8],
    ["-0x1F", -31],
    ["0b11", 3],
    ["1_000", 1000],
    ["08", 8],
    ["1.5e+3", 1500],
    ["-.inf", -Infinity],
    [".nan", NaN],
    ["190:20:30", "190:20:30"],
    ["2026-01-01", "2026-01-01"],
    ["1.34.2", "1.34.2"],
  ])("takes %s for %j", (text, value) => {
    expect(readYaml(`value: ${text}`).value).toEqual({ value });
  });

  it("knows of merged mappings, and reads the first document alone", () => {
    const text = "base: &base {a: 1}\nnext: {<<: *base, b: 2}\n---\nother: 1\n";
    expect(readYaml(text)).toEqual({ value: { base: { a: 1 }, next: { a: 1, b: 2 } }, duplicates: [] });
  });

  it("takes the last of equal keys, and names each with its line", () => {
    const text = "a: 1\nb:\n  \"c\": 1\n  'c': 2\na: 3\na: {d: 1, d: 2}\n";
    expect(readYaml(text)).toEqual({
      value: { a: { d: 2 }, b: { c: 2 } },
      duplicates: [
        'line 4: key "c" already set in map',
        'line 5: key "a" already set in map',
        'line 6: key "d" already set in map',
        'line 6: key "a" already set in map',
      ],
    });
  });

  it("does not read half a letter, nor what is no YAML", () => {
    expect(() => readYaml('{"a": "\\ud83d\\ude00"}')).toThrow("invalid Unicode");
    expect(() => readYaml("a: [")).toThrow("unexpected end of the stream");
  });
});
