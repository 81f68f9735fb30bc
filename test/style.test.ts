import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAst } from "rolldown/parseAst";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The words that docs/style.md says to avoid, as far as a pattern can tell them from good English. */
const avoided: readonly RegExp[] = [
  /\bto be had\b|\bcan(?:not| no longer)? be had\b/,
  /\bwhat lacks\b|\bthat lacks\b/,
  /\bgo(?:es)? on\b/,
  /\b(?:is|are|does|do|can|will|not) (?:\w+ )?no more\b|\bno more[.;,]/,
  /\bany more\b(?! than)/,
  /\bso that it is told\b/,
  /\bbesides\b/,
  /\bto who\b|\bby who\b|\bWho (?:reads|may|found)\b/,
  /\b(?:is|are) none of\b|\bnone of acr-pull's\b/,
  /\b(?:is|are) no (?:JSON|regular|member|login server|password of|name of|application's|image of)\b/,
  /\bcomes? to know\b/,
  /\bbe it\b/,
  /\b[Mm]ends?\b/,
  /\bmade anew\b|\bfor good\b|\bheeded?\b/,
];

/** The string literals of a source file, with one word for each value that is filled in. */
function literalsOf(source: string): readonly string[] {
  const found: string[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(visit);
    if (typeof node !== "object" || node === null) return;
    const { type, value, quasis } = node as { type?: string; value?: unknown; quasis?: QuasiNode[] };
    if (type === "Literal" && typeof value === "string") found.push(value);
    if (type === "TemplateLiteral" && quasis) found.push(quasis.map((one) => one.value.cooked).join("X"));
    Object.values(node).forEach(visit);
  };
  visit(parseAst(source, { lang: "ts" }));
  return found;
}

interface QuasiNode {
  readonly value: { readonly cooked: string };
}

/** The prose of a page, without its code and recordings. */
function proseOf(page: string): readonly string[] {
  return page
    .replaceAll(/^```[^]*?^```$/gm, "")
    .replaceAll(/`[^`\n]*`/g, "X")
    .split(/\n\n+/)
    .map((one) => one.replaceAll(/\s+/g, " "));
}

function foreign(texts: readonly string[]): readonly string[] {
  return texts.filter((one) => avoided.some((word) => word.test(one)));
}

const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter(
  (name) => name.endsWith(".ts") && !name.startsWith("sandbox"),
);
// The style guide contains the words themselves, and the threat model contains titles of tests.
const pages = readdirSync(join(root, "docs"), { encoding: "utf8" })
  .filter((name) => name.endsWith(".md") && name !== "style.md" && name !== "threat-model.md")
  .map((name) => join("docs", name));

it("no message uses a word that the style guide avoids", () => {
  const found = sources.flatMap((name) =>
    foreign(literalsOf(readFileSync(join(root, "src", name), "utf8"))).map((text) => `src/${name}: ${text}`),
  );
  expect(found).toEqual([]);
});

it("no page uses a word that the style guide avoids", () => {
  const found = ["README.md", ...pages].flatMap((name) =>
    foreign(proseOf(readFileSync(join(root, name), "utf8"))).map((text) => `${name}: ${text}`),
  );
  expect(found).toEqual([]);
});

it.each(["A key that is of no use any more.", "It is no JSON.", "Mend the cause.", "The others go on."])(
  "would be found: %s",
  (sentence) => {
    expect(foreign(literalsOf(`say(${JSON.stringify(sentence)}); say(\`\${a} ${sentence}\`)`))).toHaveLength(
      2,
    );
    expect(foreign(proseOf(`# Page\n\n${sentence}\n`))).toHaveLength(1);
  },
);
