import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** How long `until` waits before it fails, and says what it waited for. */
const patienceMs = 120_000;

/** A server that ends with this process, however this process ends. */
export interface ServerProcess {
  /** @throws Error with the last lines of its log, if it has ended */
  check(): void;
  /** Kills it and waits for its end. */
  kill(): Promise<void>;
}

/**
 * Starts a server with only PATH from this process's environment. Its output goes to a file. Through `setpriv`, the
 * kernel kills it when this process dies, even by a kill.
 * @throws Error from Node if the log cannot be written
 */
export function startServer(
  command: readonly [program: string, ...args: readonly string[]],
  log: string,
  env: Readonly<Record<string, string>> = {},
): ServerProcess {
  const output = openSync(log, "w", 0o600);
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...command], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  let ending: string | undefined;
  const ended = new Promise<void>((resolve) => {
    child.on("error", (error) => resolve(void (ending = error.message)));
    child.on("exit", (code, signal) => resolve(void (ending = `${code ?? signal}`)));
  });
  return {
    check() {
      if (ending === undefined) return;
      const last = readFileSync(log, "utf8").split("\n").slice(-15).join("\n");
      throw new Error(`${command[0]} ended (${ending}):\n${last}`);
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/**
 * Asks until the answer is neither undefined nor false. An error counts as "not yet".
 * @param servers the ones that must keep running meanwhile
 * @throws Error if one of the servers has ended, or after two minutes, with the last question's error as its cause
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  servers: readonly ServerProcess[] = [],
): Promise<T> {
  const end = Date.now() + patienceMs;
  let cause: unknown;
  while (Date.now() < end) {
    for (const server of servers) server.check();
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await sleep(50);
  }
  throw new Error(`in vain: ${what}`, { cause });
}

/**
 * A port of the loopback address where nothing listens, for a server that needs a fixed one. It is below the range
 * from which Linux assigns ports, so nobody is assigned it meanwhile.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 17_000);
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.on("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}
