import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Environment } from "./environment.ts";

/** The streams that a command is connected to. It gets a terminal's or a file's streams directly. */
export interface CommandStreams {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** Where the signals of this process arrive, such as `process`. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

/**
 * Runs a command to its end. Returns the exit code that a shell would report: the command's own, 128 plus the number
 * of the signal that ended it, 127 if there is no such command, or 126 if it cannot be run.
 *
 * A signal to this process is passed on and does not end it, because the command decides. Ctrl-C at a terminal is not
 * passed on: it has reached the command already, and a second one would mean something else to it.
 */
export async function runCommand(
  command: readonly [string, ...string[]],
  options: {
    readonly environment: Environment;
    readonly streams: CommandStreams;
    readonly signals: SignalSource;
  },
): Promise<number> {
  const { streams, signals } = options;
  const atTerminal = Object.values(streams).some(isTerminal);
  const stdio: StdioOptions = [handedOn(streams.stdin), handedOn(streams.stdout), handedOn(streams.stderr)];
  const child = spawn(command[0], command.slice(1), { env: options.environment, stdio });
  const passOn = (signal: NodeJS.Signals): void => {
    if (signal !== "SIGINT" || !atTerminal) child.kill(signal);
  };
  const passed = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of passed) signals.on(signal, passOn);
  try {
    const [code] = await Promise.all([exitCode(child, command[0], streams.stderr), connect(child, streams)]);
    return code;
  } finally {
    for (const signal of passed) signals.off(signal, passOn);
  }
}

function exitCode(child: ChildProcess, name: string, stderr: Writable): Promise<number> {
  return new Promise((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      const missing = error.code === "ENOENT";
      stderr.write(`${name}: ${missing ? "command not found" : `cannot be run (${error.code})`}\n`);
      resolve(missing ? 127 : 126);
    });
    child.once("close", (code, signal) => {
      resolve(signal === null ? (code ?? 0) : 128 + constants.signals[signal]);
    });
  });
}

/** Copies data through the pipes. A reader or writer that ends early ends nothing else. */
async function connect(child: ChildProcess, streams: CommandStreams): Promise<void> {
  if (child.stdin) streams.stdin.pipe(child.stdin.on("error", () => undefined));
  const carry = async (from: Readable | null, to: Writable): Promise<void> => {
    if (from) await pipeline(from, to, { end: false }).catch(() => undefined);
  };
  await Promise.all([carry(child.stdout, streams.stdout), carry(child.stderr, streams.stderr)]);
  if (child.stdin) streams.stdin.unpipe(child.stdin);
}

/** The command gets a stream with a file descriptor directly. Any other stream goes through a pipe. */
function handedOn<T extends Readable | Writable>(stream: T): T | "pipe" {
  return "fd" in stream && typeof stream.fd === "number" ? stream : "pipe";
}

function isTerminal(stream: Readable | Writable): boolean {
  return "isTTY" in stream && stream.isTTY === true;
}
