import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const page = readFileSync(`${root}docs/threat-model.md`, "utf8");
const rows = page.split("\n").filter((line) => /^\| .*`test\//.test(line));

describe("the threat model", () => {
  it("says of each thing that is tried which test holds it", () => {
    const [, table = ""] = page.split("## What each can and cannot do");
    const all = table
      .split("##")[0]!
      .split("\n")
      .filter((line) => line.startsWith("| "));
    // The head and the line under it are not rows.
    expect(all.slice(2)).toEqual(rows);
    expect(rows.length).toBeGreaterThan(10);
  });

  it.each(rows.map((row) => [row.split("|")[1]!.trim(), row] as const))(
    "%s: that test exists",
    (_what, row) => {
      const { file = "", title = "" } = /`(?<file>test\/[^`]+)` "(?<title>[^"]+)"/.exec(row)?.groups ?? {};
      expect(readFileSync(`${root}${file}`, "utf8")).toContain(title);
    },
  );

  it("is named by the README", () => {
    expect(readFileSync(`${root}README.md`, "utf8")).toContain("docs/threat-model.md");
  });
});
