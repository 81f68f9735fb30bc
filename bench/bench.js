// Measures how long a user waits for acr-pull, and for the commands that they would use instead: whole processes, on
// this machine. Each part prints one table of medians. Both sides take turns in the same run, against the same
// sandbox. After a build:
//   node bench/bench.js [--runs N] [start] [setup] [secrets] [fleet] [install]
// The other side is `az` and `kubectl`, if they are installed. The install part needs a package registry.
import { cpus, release, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { loadSandbox } from "./sandbox.js";
import { run } from "./process.js";
import { parts } from "./parts.js";

const { values, positionals } = parseArgs({
  options: { runs: { type: "string", default: "5" } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !(name in parts));
if (unknown.length > 0) {
  throw new RangeError(`There is no part ${unknown.join(", ")}; there are ${Object.keys(parts).join(", ")}.`);
}

const versionOf = async (command, ...args) => {
  const { stdout } = await run(command, args).catch(() => ({ stdout: "" }));
  return /\d+\.\d+\.\d+/.exec(stdout)?.[0];
};
const found = {
  az: await versionOf("az", "version"),
  kubectl: await versionOf("kubectl", "version", "--client"),
};
const processors = cpus();
const tools = Object.entries(found).map(([name, version]) => `${name} ${version ?? "is not installed"}`);
console.log(
  `${new Date().toISOString().slice(0, 10)}, ${processors.length} x ${processors[0]?.model.trim()}, ` +
    `${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform} ${release()}, Node ${process.version}, ${tools.join(", ")}; ` +
    `medians of ${values.runs} runs.`,
);

const bench = { runs: Number(values.runs), startSandbox: await loadSandbox(), found };
for (const name of positionals.length > 0 ? positionals : Object.keys(parts)) {
  const { title, columns, rows } = await parts[name](bench);
  console.log(`\n${title}\n`);
  const lines = [columns, columns.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  console.log(lines.join("\n"));
}
