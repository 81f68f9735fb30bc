// How readable the program and its README are, in numbers: `node bench/readability.js [CHECKOUT]` prints a table for
// a built checkout, by default this one. Sentences come from string literals, with one word in place of each
// filled-in value.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url));
const commands = ["setup", "rotate", "verify", "status", "remove", "sandbox", "completion"];

const readme = readFileSync(join(root, "README.md"), "utf8");
const readmeLines = readme.split("\n");
const pages = new Map(
  ["", ...commands].map((name) => [name || "the program", helpOf(name === "" ? [] : [name])]),
);
const [widest = ["", 0]] = [...pages]
  .map(([name, lines]) => [name, Math.max(...lines.map((line) => line.length))])
  .sort(([, left], [, right]) => Number(right) - Number(left));

const sentences = [];
const failures = { all: 0, withoutFix: 0 };
for (const part of ["cli", "core", "domain", "azure", "registry", "kubernetes"]) {
  const folder = join(root, "src", part);
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts")) continue;
    const text = readFileSync(join(folder, file), "utf8");
    read(text.replaceAll(/^\s*(?:\/\/|\/?\*|import ).*$/gm, ""));
  }
}
const lengths = sentences.map((one) => one.split(/\s+/).length).sort((left, right) => left - right);

console.table({
  "README, lines": readmeLines.length,
  "README, bytes": Buffer.byteLength(readme),
  "README, line of the first command": firstCommand(),
  [`longest line of help at 80 columns (${widest[0]})`]: widest[1],
  "setup --help, lines": pages.get("setup")?.length,
  sentences: lengths.length,
  "words a sentence, median": lengths[Math.floor(lengths.length / 2)],
  "words a sentence, longest": lengths.at(-1),
  "usage errors": failures.all,
  "usage errors without a fix of their own": failures.withoutFix,
});

/** @param {readonly string[]} command */
function helpOf(command) {
  const program = join(root, "bin", "acr-pull.cjs");
  return execFileSync(process.execPath, [program, ...command, "--help"], { encoding: "utf8" })
    .trimEnd()
    .split("\n");
}

/** The line of the first command that a reader can run. A command inside a recording does not count. */
function firstCommand() {
  return 1 + readmeLines.findIndex((line) => /^(?:npm|node|npx|az|acr-pull) /.test(line));
}

/** Finds the sentences and the usage errors of a source file. @param {string} text */
function read(text) {
  for (const [, plain, filled] of text.matchAll(/"((?:[^"\\\n]|\\.)+)"|`((?:[^`\\]|\\.)+)`/g)) {
    keep((plain ?? filled ?? "").replaceAll(/\$\{[^}]*\}/g, "X"));
  }
  for (const [, given = ""] of text.matchAll(/new UsageError\(((?:[^()]|\([^()]*\))*)\)/g)) {
    failures.all += 1;
    // Its arguments: a message, a code and a fix.
    if (!/"[a-z.-]+",\s*\S/.test(given)) failures.withoutFix += 1;
  }
}

/** Keeps each sentence of four words or more, from a capital to a period or question mark. @param {string} text */
function keep(text) {
  for (const sentence of text.split(/(?<=[.?])\s+|\\n/)) {
    if (/^[A-Z][^]*[.?]$/.test(sentence) && sentence.split(/\s+/).length > 3) sentences.push(sentence);
  }
}
