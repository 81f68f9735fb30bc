import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import { describe, expect, it } from "vitest";
import { sandboxOptions } from "../../src/cli/sandbox/command.ts";
import { removeOptions } from "../../src/cli/remove/options.ts";
import { rotateOptions } from "../../src/cli/rotate/options.ts";
import { verifyOptions } from "../../src/cli/verify/options.ts";
import { setupOptions } from "../../src/cli/setup/options.ts";
import { statusOptions } from "../../src/cli/status/options.ts";
import { optionTable } from "./option-table.ts";

const path = fileURLToPath(new URL("../../README.md", import.meta.url));

/**
 * The tables stand between `<!-- options: setup -->` and `<!-- end of options -->`; `UPDATE_README=1` writes them.
 */
describe("the README", () => {
  it.each([
    ["setup", setupOptions],
    ["rotate", rotateOptions],
    ["status", statusOptions],
    ["verify", verifyOptions],
    ["remove", removeOptions],
    ["sandbox", sandboxOptions],
  ])("lists the options of %s as they are defined", async (command, options) => {
    const readme = readFileSync(path, "utf8");
    const table = await format(optionTable(options), { parser: "markdown" });
    const region = new RegExp(`(<!-- options: ${command} -->\n)[^]*?(<!-- end of options -->)`);
    const updated = readme.replace(
      region,
      (_all, start: string, end: string) => `${start}\n${table}\n${end}`,
    );
    if (process.env["UPDATE_README"] === "1") writeFileSync(path, updated);
    expect(readme).toMatch(region);
    expect(readFileSync(path, "utf8")).toBe(updated);
  });

  it("has a head over every table, and no row of one twice", () => {
    const tables = readFileSync(path, "utf8").match(/(?:^\|.*\n)+/gm) ?? [];
    const headless = tables.filter((table) => !/^\|.*\n\|[ |:-]+\n/.test(table));
    expect(headless).toEqual([]);
    for (const table of tables) {
      const rows = table.trimEnd().split("\n");
      expect(rows.filter((row, at) => rows.indexOf(row) !== at)).toEqual([]);
    }
  });
});
