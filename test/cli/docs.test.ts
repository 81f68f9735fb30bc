import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { OptionDefinition } from "../../src/cli/options/option.ts";
import { removeOptions } from "../../src/cli/remove/options.ts";
import { rotateOptions } from "../../src/cli/rotate/options.ts";
import { sandboxOptions } from "../../src/cli/sandbox/command.ts";
import { setupOptions } from "../../src/cli/setup/options.ts";
import { statusOptions } from "../../src/cli/status/options.ts";
import { verifyOptions } from "../../src/cli/verify/options.ts";
import { faultList, readFaults } from "../../src/sandbox/faults.ts";
import { readSandboxOptions, worldOptions } from "../../src/sandbox/world-options.ts";
import { answer } from "../answers/answer-schema.ts";
import { optionTable } from "./option-table.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const pages = [
  ...readdirSync(root).filter((file) => file.endsWith(".md")),
  ...readdirSync(join(root, "docs"))
    .filter((file) => file.endsWith(".md"))
    .map((file) => `docs/${file}`),
];

describe("the page of a command", () => {
  // The table stands between `<!-- options: setup -->` and `<!-- end of options -->`; `UPDATE_DOCS=1` writes it.
  it.each([
    ["setup", setupOptions],
    ["rotate", rotateOptions],
    ["status", statusOptions],
    ["verify", verifyOptions],
    ["remove", removeOptions],
    ["sandbox", sandboxOptions],
  ])("lists the options of %s as they are defined", async (command, options) => {
    const path = `docs/${command}.md`;
    const page = read(path);
    const table = await format(optionTable(options), { parser: "markdown" });
    const region = new RegExp(`(<!-- options: ${command} -->\n)[^]*?(<!-- end of options -->)`);
    const updated = page.replace(region, (_all, start: string, end: string) => `${start}\n${table}\n${end}`);
    if (process.env["UPDATE_DOCS"] === "1") writeFileSync(join(root, path), updated);
    expect(page).toMatch(region);
    expect(read(path)).toBe(updated);
    // As a reader sees it: a bare star is an emphasis in Markdown, and a bare angle bracket begins a tag of HTML.
    const shown = updated.replaceAll(/(?<!\\)(?:\*|<(?=\w))/g, "").replaceAll(/\\([*<|])/g, "$1");
    for (const { summary } of Object.values<OptionDefinition<unknown>>(options))
      expect(shown).toContain(summary);
  });
});

describe("the page of errors", () => {
  it("has an anchor for every code that the program knows, and for no other", () => {
    const areas =
      /"((?:aks|application|azure|cluster|directory|kubernetes|manifest|namespace|proof|registry|remove|roles|rotate|secret|service-account|service-principal|setup|status|usage)\.[a-z]+(?:-[a-z]+)*|busy)"/g;
    const known = new Set(
      readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
        // No command runs the engine yet.
        .filter((file) => file.endsWith(".ts") && !/^(?:sandbox\/|engine\/|domain\/target-entry)/.test(file))
        .flatMap((file) => [...read(`src/${file}`).matchAll(areas)].flatMap(([, code]) => code ?? [])),
    );
    const told = [...read("docs/errors.md").matchAll(/<a id="([^"]+)">/g)].map(([, code]) => code);
    expect([...told].sort()).toEqual([...known].sort());
  });
});

describe("the published schema", () => {
  // Tests that read an answer of the program check it against the same schema. It is open to keys of later versions.
  it.each([
    ["answer", z.toJSONSchema(answer, { override: open })],
    ["world", z.toJSONSchema(worldOptions, { io: "input" })],
    ["faults", z.toJSONSchema(faultList, { io: "input" })],
  ])("of %s is made of what the program and its tests read by", async (name, published) => {
    const path = `docs/${name}.schema.json`;
    const schema = await format(JSON.stringify(published), { parser: "json", printWidth: 110 });
    if (process.env["UPDATE_DOCS"] === "1") writeFileSync(join(root, path), schema);
    expect(read(path)).toBe(schema);
  });
});

function open({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  delete jsonSchema.additionalProperties;
}

describe("the page of the sandbox", () => {
  const examples = [...read("docs/sandbox.md").matchAll(/```json\n([^]*?)```/g)].map(([, json = ""]) => json);

  it("shows worlds and faults that the sandbox takes", () => {
    const [world, faults] = examples.map((json): unknown => JSON.parse(json));
    expect(() => readSandboxOptions(world, "world")).not.toThrow();
    expect(() => readFaults(faults, "faults")).not.toThrow();
    expect(examples).toHaveLength(2);
  });
});

describe.each(pages)("%s", (page) => {
  it("has a head over every table, and no row of one twice", () => {
    const tables = read(page).match(/(?:^\|.*\n)+/gm) ?? [];
    expect(tables.filter((table) => !/^\|.*\n\|[ |:-]+\n/.test(table))).toEqual([]);
    for (const table of tables) {
      const rows = table.trimEnd().split("\n");
      expect(rows.filter((row, at) => rows.indexOf(row) !== at)).toEqual([]);
    }
  });

  it("links to pages and sections that exist", () => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)];
    const broken = links.filter(([, file = "", anchor]) => {
      const target = file === "" ? page : join(dirname(page), file);
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(read(target)).has(anchor);
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });
});

/** The anchors of the headings, as GitHub makes them, and the anchors that are written out. */
function anchorsOf(text: string): ReadonlySet<string | undefined> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
  return new Set([...headings, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id)]);
}

describe("the README", () => {
  it("stays short: at most 250 lines and 12 kB", () => {
    const readme = read("README.md");
    expect(readme.split("\n").length).toBeLessThanOrEqual(250);
    expect(Buffer.byteLength(readme)).toBeLessThanOrEqual(12_000);
  });
});
