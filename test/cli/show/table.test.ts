import { describe, expect, it } from "vitest";
import { labelLines, listLines, type Column } from "../../../src/cli/show/table.ts";

type Row = Readonly<Record<"context" | "namespace" | "age" | "state", string>>;

const columns: ReadonlyArray<Column<Row>> = [
  { head: "CONTEXT", cell: ({ context }) => context, expendable: 2 },
  { head: "NAMESPACE", cell: ({ namespace }) => namespace },
  { head: "AGE", cell: ({ age }) => age, expendable: 1 },
  { head: "STATE", cell: ({ state }) => state },
];
const rows: readonly Row[] = [{ context: "sandbox", namespace: "awesomeapps", age: "3d", state: "ok" }];

describe("a list", () => {
  it("has its columns in line, and no space at its lines' ends", () => {
    expect(listLines(columns, rows, 40)).toEqual([
      "CONTEXT  NAMESPACE    AGE  STATE",
      "sandbox  awesomeapps  3d   ok",
    ]);
  });

  it("goes without the columns that can be spared where there is no room, the least important first", () => {
    expect(listLines(columns, rows, 28)).toEqual(["CONTEXT  NAMESPACE    STATE", "sandbox  awesomeapps  ok"]);
    expect(listLines(columns, rows, 20)).toEqual(["NAMESPACE    STATE", "awesomeapps  ok"]);
  });

  it("then cuts what is long, and stays a list", () => {
    expect(listLines(columns, rows, 16)).toEqual(["NAMESPACE  STATE", "awes…apps  ok"]);
    expect(listLines(columns, rows, 1).every((line) => typeof line === "string" && line.length < 16)).toBe(
      true,
    );
  });
});

describe("labels with their values", () => {
  it("are in line, or each by itself where that does not fit", () => {
    const some = [
      ["Role", "AcrPull", "created"],
      ["Proof", "can pull", ""],
    ];
    expect(labelLines(some, 40)).toEqual(["Role   AcrPull   created", "Proof  can pull"]);
    expect(labelLines([["Key", "k, until 2031-01-02", "created"]], 26)).toEqual([
      "Key  k, until      created",
      "     2031-01-02",
    ]);
    expect(labelLines(some, 20)).toEqual(["Role: AcrPull", "(created)", "Proof: can pull"]);
  });
});
