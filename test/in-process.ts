import { AsyncLocalStorage, createHook } from "node:async_hooks";
import { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import { Readable, Writable } from "node:stream";
import type { HostProcess } from "../src/cli/command.ts";
import type * as builtMain from "../src/main.ts";
import { hurry } from "./short-pauses.ts";
import { trustInProcess } from "./trust-in-process.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** What a run in this process is given. Its caller collects the output. */
export interface ProcessParts {
  readonly env: Variables;
  readonly input: string;
  /** Called with each piece of its output. */
  readonly stdout: (text: Buffer) => void;
  readonly stderr: (text: Buffer) => void;
  /** Called with a function that sends the run a signal. */
  readonly started?: ((kill: (signal: NodeJS.Signals) => void, pid: number) => void) | undefined;
  /** Whether every pause is cut short, as `hurry` does. */
  readonly hurried: boolean;
  /** How long something may stay open after the end, in milliseconds: longer than a socket takes to close. */
  readonly partingMs?: number;
}

type Main = (typeof builtMain)["main"];

let built: Main | undefined;

/** The program as it is published. */
function builtProgram(): Main {
  built ??= (createRequire(import.meta.url)("../dist/main.cjs") as typeof builtMain).main;
  return built;
}

let turn: Promise<unknown> = Promise.resolve();
let waiting = 0;

/** Whether this process is free. It has one set of variables, one trust store and one id, so it runs one at a time. */
export const isFree = (): boolean => waiting === 0;

/** Waits until this process is free, and occupies it for one run. */
export async function inTurn<T>(run: () => Promise<T>): Promise<T> {
  waiting += 1;
  const mine = turn.then(run).finally(() => (waiting -= 1));
  turn = mine.catch(() => undefined);
  return await mine;
}

/**
 * Runs the built program in this process, at a third of the cost of a process of its own.
 * @returns its exit code
 * @throws Error if something would keep a process of its own alive, or would affect the next run
 */
export async function mainInProcess(
  args: readonly string[],
  parts: ProcessParts,
  main: Main = builtProgram(),
): Promise<number> {
  const [stdout, stderr] = [new Said(parts.stdout), new Said(parts.stderr)];
  const host: HostProcess & EventEmitter = Object.assign(new EventEmitter(), {
    argv: [process.execPath, "acr-pull", ...args],
    env: parts.env,
    execPath: process.execPath,
    platform: process.platform,
    pid: process.pid,
    kill: () => true,
    stdin: Readable.from(parts.input === "" ? [] : [Buffer.from(parts.input)]),
    stdout,
    stderr,
  });
  const undo = [giveVariables(parts.env), trustInProcess(parts.env["NODE_EXTRA_CA_CERTS"])];
  if (parts.hurried) undo.push(hurry());
  const listeners = listenersOf(process);
  const held = new Held();
  try {
    parts.started?.((signal) => host.emit(signal, signal), process.pid);
    const code = await held.during(() => main(host));
    await held.letGo(parts.partingMs ?? 5_000);
    const left = [...listenersOf(host), ...listenersOf(process).filter((one) => !listeners.includes(one))];
    if (left.length > 0) throw new Error(`the run still listens: ${left.join(", ")}`);
    return code;
  } finally {
    for (const stream of [stdout, stderr]) stream.isOver = true;
    for (const one of undo.reverse()) one();
  }
}

/** Resources that keep a process alive while they are open. */
const keeping = new Set([
  "Timeout",
  "TCPWRAP",
  "PIPEWRAP",
  "PROCESSWRAP",
  "UDPWRAP",
  "FSEVENTWRAP",
  "STATWATCHER",
]);

/** A handle or timer of Node. It holds nothing once it is closed, was cleared or has fired. */
interface Resource {
  hasRef?(): boolean;
  readonly _destroyed?: boolean;
}

/** Everything that a run opens. */
class Held {
  readonly #opened: Array<{ readonly by: Error; readonly resource: Resource }> = [];
  readonly #run = new AsyncLocalStorage<true>();
  readonly #hook = createHook({
    init: (_id, type, _trigger, resource) => {
      if (!keeping.has(type) || this.#run.getStore() === undefined) return;
      this.#opened.push({ by: new Error(type), resource });
    },
  });

  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#hook.enable();
    try {
      return await this.#run.run(true, work);
    } finally {
      this.#hook.disable();
      // Otherwise, Node 20 passes the storage to every promise of the process from then on.
      this.#run.disable();
    }
  }

  /** @throws Error if something that keeps a process alive is still open */
  async letGo(partingMs: number): Promise<void> {
    const end = performance.now() + partingMs;
    for (;;) {
      const left = this.#opened.find(({ resource }) => resource.hasRef?.() && resource._destroyed !== true);
      if (left === undefined) return;
      if (performance.now() > end) throw new Error(`the process would not end, because of ${left.by.stack}`);
      await new Promise(setImmediate);
    }
  }
}

function listenersOf(emitter: EventEmitter): string[] {
  return emitter.eventNames().flatMap((name) => {
    const count = emitter.listenerCount(name);
    return Array.from({ length: count }, (_, index) => `${String(name)} ${index + 1}`);
  });
}

/** Sets the process's own variables, which az and sign-ins by managed identity read. */
function giveVariables(variables: Variables): () => void {
  const own = { ...process.env };
  const replace = (by: Variables) => {
    for (const name of Object.keys(process.env)) if (by[name] === undefined) delete process.env[name];
    for (const [name, value] of Object.entries(by)) if (value !== undefined) process.env[name] = value;
  };
  replace(variables);
  return () => replace(own);
}

/** A stream that passes on what is written to it. Nothing may be written once the run is over. */
class Said extends Writable {
  readonly #tell: (piece: Buffer) => void;
  isOver = false;

  constructor(tell: (piece: Buffer) => void) {
    super();
    this.#tell = tell;
  }

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    // Thrown where no run can catch it, so that Vitest reports it and fails.
    if (this.isOver) setImmediate(() => fail(`written after the end: ${piece.toString("utf8")}`));
    this.#tell(piece);
    done();
  }
}

function fail(message: string): never {
  throw new Error(message);
}
