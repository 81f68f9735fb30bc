// Measures how long a person looks at an empty screen: from the start of the process until the terminal shows the
// first question of the walk-through, and until it shows its choices. Measures Node's own start in the same terminal
// beside it. After a build: `node bench/first-question.js [runs]`. Prints medians in milliseconds, with the smallest
// and the largest.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { spawn } from "@lydell/node-pty";

const program = fileURLToPath(new URL("../bin/acr-pull.cjs", import.meta.url));
const here = fileURLToPath(import.meta.url);

if (process.argv[2] === "inside") {
  await inside(Number(process.argv[3]));
} else {
  const command = [process.execPath, here, "inside", process.argv[2] ?? "10"];
  execFileSync(process.execPath, [program, "sandbox", "--latency", "50ms", "--", ...command], {
    stdio: "inherit",
  });
}

/** Runs inside a sandbox. Takes the measurements in turn, so that a disturbance affects all of them. */
async function inside(runs) {
  const bare = [];
  const question = [];
  const choices = [];
  for (let run = -1; run < runs; run += 1) {
    const [ended] = await timesUntil(["-e", "0"], []);
    const [asked, listed] = await timesUntil([program, "setup"], ["Which registry", "abacregistry"]);
    // The first run fills the caches for all later ones.
    if (run < 0) continue;
    bare.push(ended);
    question.push(asked);
    choices.push(listed);
  }
  report("node, doing nothing", bare);
  report("setup, first question on the screen", question);
  report("setup, its choices too, Azure at 50ms", choices);
}

/** Milliseconds until each text was written to the terminal; with no text, until the program ended. */
async function timesUntil(args, texts) {
  const { CI: _noTerminalThen, ...env } = process.env;
  const start = performance.now();
  const terminal = spawn(process.execPath, args, { cols: 100, rows: 40, env: { ...env, TERM: "xterm" } });
  const times = [];
  let written = "";
  let finish = () => {};
  const finished = new Promise((resolve) => {
    finish = resolve;
  });
  terminal.onData((data) => {
    written += data;
    while (times.length < texts.length && written.includes(texts[times.length])) {
      times.push(performance.now() - start);
    }
    if (texts.length > 0 && times.length === texts.length) terminal.kill("SIGKILL");
  });
  terminal.onExit(() => finish());
  await finished;
  return texts.length === 0 ? [performance.now() - start] : times;
}

function report(name, measured) {
  const took = measured.sort((left, right) => left - right);
  const [least, median, most] = [took[0], took[Math.floor(took.length / 2)], took.at(-1)].map(Math.round);
  console.log(`${name.padEnd(44)} ${String(median).padStart(6)}  (${least}-${most}, ${took.length} runs)`);
}
