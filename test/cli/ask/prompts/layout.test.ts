import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { frameOf, type Parts, cutLine, keyLine, wrapLine } from "../../../../src/cli/ask/prompts/layout.ts";
import { toned, type Line } from "../../../../src/cli/show/terminal.ts";
import { columnsOf, cutTo } from "../../../../src/cli/show/text-width.ts";

const bare = (line: Line) =>
  typeof line === "string"
    ? line
    : line.map((piece) => (typeof piece === "string" ? piece : piece.text)).join("");

describe("a text", () => {
  it.each([
    [10, "short", "short"],
    [5, "short", "short"],
    [4, "short", "sho…"],
    [5, "名前です", "名前…"],
    [0, "short", ""],
  ])("in %d columns: %s is %s", (columns, text, expected) => {
    expect(cutTo(columns, text)).toBe(expected);
  });

  it("is cut through its pieces, which keep their tones", () => {
    expect(cutLine(["❯ ", toned("strong", "myregistry"), " westeurope"], 9)).toEqual([
      "❯ ",
      toned("strong", "myregi…"),
    ]);
  });

  it("is broken between words, and indented", () => {
    expect(wrapLine("to pull and to push images", 14, bare, "? ")).toEqual([
      "? to pull and",
      "  to push",
      "  images",
    ]);
  });

  it("of keys loses its first hints first", () => {
    expect(keyLine(["move", "Enter", "Esc"], 18)).toBe("move · Enter · Esc");
    expect(keyLine(["move", "Enter", "Esc"], 17)).toBe("Enter · Esc");
    expect(keyLine(["move", "Enter", "Esc"], 2)).toBe("");
  });
});

describe("a frame", () => {
  it("is never wider or higher than its terminal, whatever stands in it", () => {
    const text = fc.string({ maxLength: 120, unit: "grapheme" });
    const parts = fc.record<Parts>({
      message: fc.string({ maxLength: 60 }),
      intro: fc.array(text, { maxLength: 4 }),
      label: fc.constantFrom("  Filter: ", undefined),
      list: fc.nat(100).map((count) => ({
        count,
        lines: (rows: number) => Array.from({ length: Math.min(rows, count) }, (_, index) => `${index}`),
      })),
      explanation: fc.array(fc.constant("why"), { maxLength: 4 }),
      keys: fc.constant(["↑↓ move", "Enter choose", "Esc back"]),
      problem: fc.option(text, { nil: undefined }),
      activity: fc.option(text, { nil: undefined }),
      notes: fc.array(text, { maxLength: 3 }),
    });
    const size = fc.record({
      columns: fc.integer({ min: 40, max: 120 }),
      rows: fc.integer({ min: 16, max: 50 }),
    });
    fc.assert(
      fc.property(parts, size, (parts, size) => {
        const { above, label, below } = frameOf(parts, size, bare);
        const lines = [...above, label, ...below];
        expect(Math.max(...lines.map(columnsOf))).toBeLessThanOrEqual(size.columns);
        expect(lines.length).toBeLessThan(size.rows);
      }),
    );
  });
});
