// Breaks the product's guards one after the other, in a copy of the project, and checks that the test named beside
// each in mutants.js fails because of it: `npm run test:mutants`, with a part of a mutant's name to check only those.
// A mutant whose text is not found exactly once is an error, so that the table cannot rot unseen.
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { editedFiles } from "./edited-files.js";
import { mutants } from "./mutants.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Tests in these folders run the built program; the others run the sources. */
const drivesTheBuild = /^test\/(?:crash|peers|scenarios|terminal)\//;
const longestRunMs = 600_000;

const [part = ""] = process.argv.slice(2);
const chosen = mutants.filter(({ name }) => name.includes(part));
if (chosen.length === 0) throw new Error(`no mutant's name includes ${JSON.stringify(part)}`);
for (const mutant of chosen) await editedFiles(mutant, root);

const copy = await mkdtemp(join(tmpdir(), "acr-pull-mutants-"));
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    rmSync(copy, { recursive: true, force: true });
    process.kill(process.pid, signal);
  });
}
try {
  await cp(root, copy, {
    recursive: true,
    filter: (path) => !/^(?:node_modules|\.git|dist.*)$/.test(basename(path)),
  });
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  await build();
  await expectPassing(chosen.map(({ caughtBy }) => caughtBy));
  let caught = 0;
  for (const mutant of chosen) {
    const { name, caughtBy } = mutant;
    const outcome = await tried(mutant);
    if (outcome === "failed") caught += 1;
    const word = { failed: "caught", "no program": "BROKEN" }[outcome] ?? "MISSED";
    say(`${word}  ${name}\n        ${caughtBy.file}: ${caughtBy.title}`);
  }
  say(`${chosen.length} mutants, ${caught} caught`);
  process.exitCode = caught === chosen.length ? 0 : 1;
} finally {
  await rm(copy, { recursive: true, force: true });
}

function say(text) {
  process.stdout.write(`${text}\n`);
}

/** The outcome of a mutant's test while the copy is broken by it. `no program` if the compiler rejects the mutant. */
async function tried(mutant) {
  const files = await editedFiles(mutant, copy);
  for (const [file, { mutated }] of files) await writeFile(join(copy, file), mutated);
  try {
    const errors = typeErrors([...files.keys()]);
    if (drivesTheBuild.test(mutant.caughtBy.file)) await build();
    const [outcome] = await outcomes([mutant.caughtBy]);
    // A text that is not a program fails every test, and proves nothing.
    if ((await errors).length === 0) return outcome;
    say((await errors).join("\n"));
    return "no program";
  } finally {
    for (const [file, { before }] of files) await writeFile(join(copy, file), before);
  }
}

async function build() {
  const { code, output } = await run([join(copy, "bin", "build.js")]);
  if (code !== 0) throw new Error(`the copy does not build:\n${output}`);
}

/** The compiler's errors in these files of the copy. */
async function typeErrors(files) {
  const compiler = join(copy, "node_modules", "typescript", "bin", "tsc");
  const unused = ["--noUnusedLocals", "false", "--noUnusedParameters", "false"];
  const { output } = await run([compiler, "--noEmit", "--pretty", "false", ...unused]);
  return output.split("\n").filter((line) => files.some((file) => line.startsWith(`${file}(`)));
}

async function expectPassing(tests) {
  const found = await outcomes(tests);
  const wrong = tests.filter((_test, index) => found[index] !== "passed");
  if (wrong.length === 0) return;
  const list = wrong.map((test) => `${found[tests.indexOf(test)]}: ${test.file}: ${test.title}`);
  throw new Error(`these tests do not pass where nothing is broken:\n${[...new Set(list)].join("\n")}`);
}

/** Runs only these tests. `missing` if a file does not load, or does not have exactly one test of that title. */
async function outcomes(tests) {
  const report = join(copy, "report.json");
  await rm(report, { force: true });
  const titles = [...new Set(tests.map(({ title }) => title))];
  const pattern = `^(?:${titles.map((title) => title.replace(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`)).join("|")})$`;
  const vitest = join(copy, "node_modules", "vitest", "vitest.mjs");
  const files = new Set(tests.map(({ file }) => file));
  const options = ["--config", "test/vitest.config.ts", "--reporter", "json", "--outputFile", report];
  await run([vitest, "run", ...options, "-t", pattern, ...files]);
  const { testResults } = JSON.parse(await readFile(report, "utf8"));
  return tests.map(({ file, title }) => {
    const ran = testResults
      .filter(({ name }) => name.endsWith(`/${file}`))
      .flatMap(({ assertionResults }) => assertionResults)
      .filter(({ fullName }) => fullName === title);
    return ran.length === 1 ? ran[0].status : "missing";
  });
}

/** Runs a script with Node in the copy, to its end. */
function run(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: copy,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: longestRunMs,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}
