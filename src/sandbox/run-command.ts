import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Environment } from "./environment.ts";

/** What a command is connected to. Streams of a terminal or a file are handed on as they are. */
export interface CommandStreams {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** Where the signals of this process arrive; `process` is one. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

/**
 * Runs a command to its end. What a shell would say of it is what is answered: its exit code, 128 and the number of
 * the signal that ended it, 127 when there is no such command, 126 when it cannot be run.
 *
 * A signal to this process is passed on and does not end it, for the command decides; but at a terminal Ctrl-C has
 * reached the command already, and a second one would mean something else to it.
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

/** Carries what goes through pipes; a reader or writer that ends early ends no more than that. */
async function connect(child: ChildProcess, streams: CommandStreams): Promise<void> {
  if (child.stdin) streams.stdin.pipe(child.stdin.on("error", () => undefined));
  const carry = async (from: Readable | null, to: Writable): Promise<void> => {
    if (from) await pipeline(from, to, { end: false }).catch(() => undefined);
  };
  await Promise.all([carry(child.stdout, streams.stdout), carry(child.stderr, streams.stderr)]);
  if (child.stdin) streams.stdin.unpipe(child.stdin);
}

/** A stream that the operating system knows goes to the command itself; another goes through a pipe. */
function handedOn<T extends Readable | Writable>(stream: T): T | "pipe" {
  return "fd" in stream && typeof stream.fd === "number" ? stream : "pipe";
}

function isTerminal(stream: Readable | Writable): boolean {
  return "isTTY" in stream && stream.isTTY === true;
}
