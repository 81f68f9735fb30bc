import { describe, expect, it } from "vitest";
import { tableLines } from "../../../src/cli/show/lines.ts";
import { wrapped } from "../../../src/cli/show/text-width.ts";

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

  it("counts wide characters as two columns, and takes out what would move the cursor", () => {
    expect(wrapped("名前空間 名前空間", 10)).toEqual(["名前空間", "名前空間"]);
    expect(wrapped("a\u001b[2J b", 10)).toEqual(["a b"]);
  });
});

describe("a table", () => {
  const rows = [["sandbox", "awesomeapps", "created"]];

  it("has its columns in line, and no space at its lines' ends", () => {
    expect(tableLines(["CONTEXT", "NAMESPACE", "RESULT"], rows, 40)).toEqual([
      "CONTEXT  NAMESPACE    RESULT",
      "sandbox  awesomeapps  created",
    ]);
  });

  it("shows a row by itself where the columns do not fit", () => {
    expect(tableLines(["CONTEXT", "NAMESPACE", "RESULT"], rows, 20)).toEqual([
      "context: sandbox",
      "namespace:",
      "awesomeapps",
      "result: created",
    ]);
  });
});
