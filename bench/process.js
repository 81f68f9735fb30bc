import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";

/**
 * Runs a command to its end.
 * @returns its wall time in milliseconds, its peak memory in megabytes (0 if it ended before the first look), when it
 *   started (milliseconds since 1970), and its output
 */
export async function run(command, args, { env = process.env, cwd, input = "" } = {}) {
  const startedAt = performance.timeOrigin + performance.now();
  const child = spawn(command, args, { env, cwd, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => {}).end(input);
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) {
    child[name].setEncoding("utf8").on("data", (text) => {
      output[name] += text;
    });
  }
  let peakMb = 0;
  // The kernel records the peak, so a look now and then misses only the last moments.
  const looking = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "");
    const peakKb = Number(/^VmHWM:\s+(?<kb>\d+)/m.exec(status)?.groups.kb ?? 0);
    peakMb = Math.max(peakMb, Math.round(peakKb / 1024));
  }, 50);
  const code = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const ms = performance.timeOrigin + performance.now() - startedAt;
  clearInterval(looking);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${output.stderr}`);
  return { ms, peakMb, startedAt, ...output };
}

/** The median of some figures; for an even number of them, the upper of the two in the middle. */
export function median(figures) {
  const sorted = [...figures].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)];
}
