import { EventEmitter } from "node:events";
import { createRequire } from "node:module";
import { Readable, Writable } from "node:stream";
import { tmpdir } from "node:os";
import { join } from "node:path";
import timers from "node:timers/promises";
import type { HostProcess } from "../src/cli/command.ts";
import type * as builtMain from "../src/main.ts";
import type { Sandbox } from "../src/sandbox/sandbox.ts";
import { checkSaid } from "./canary.ts";
import { asRun, type Run, type RunOptions } from "./program.ts";
import { trustInProcess } from "./trust-in-process.ts";

/** The program as it is published: run `npm run build` first, as `npm test` does. */
const { main } = createRequire(import.meta.url)("../dist/main.cjs") as Pick<typeof builtMain, "main">;

/**
 * Runs the built program in this process, as `runSafely` does in one of its own, at a fraction of the cost. One at a
 * time: the sign-in reads the variables of the process itself.
 */
export async function runInProcess(
  sandbox: Sandbox,
  args: readonly string[],
  {
    env: more = {},
    input = "",
    secrets = [],
    checked = true,
    started,
    told,
  }: RunOptions & {
    readonly secrets?: readonly string[];
    /** Whether to fail for what `checkSaid` forbids. */
    readonly checked?: boolean;
  } = {},
): Promise<Run> {
  const env = {
    PATH: process.env["PATH"],
    HOME: sandbox.folder,
    XDG_CACHE_HOME: join(tmpdir(), "acr-pull-test-cache"),
    ...sandbox.environment,
    ...more,
  };
  const [stdout, stderr] = [new Kept(), new Kept(told)];
  const host: HostProcess & EventEmitter = Object.assign(new EventEmitter(), {
    argv: [process.execPath, "acr-pull", ...args],
    env,
    execPath: process.execPath,
    platform: process.platform,
    pid: process.pid,
    kill: () => true,
    stdin: Readable.from(input === "" ? [] : [Buffer.from(input)]),
    stdout,
    stderr,
  });
  const distrust = trustInProcess(sandbox.caPath);
  const slowDown = hurry();
  const own = { ...process.env };
  Object.assign(process.env, sandbox.environment);
  started?.((signal) => host.emit(signal, signal), process.pid);
  try {
    const code = await main(host);
    const run = asRun({ code, signal: null, stdout: stdout.text, stderr: stderr.text });
    if (checked) checkSaid(run, args, sandbox, secrets);
    return run;
  } finally {
    for (const name of Object.keys(sandbox.environment)) {
      if (own[name] === undefined) delete process.env[name];
      else process.env[name] = own[name];
    }
    slowDown();
    distrust();
  }
}

/** As long as a pause between two looks or tries lasts here: nothing is learned late by those who are asked. */
const pauseMs = 20;

/** Shortens every pause of the built program, which looks the function up each time; whoever imported it keeps his. */
function hurry(): () => void {
  const sleep = timers.setTimeout;
  timers.setTimeout = (milliseconds = 1, ...rest) => sleep(Math.min(milliseconds, pauseMs), ...rest);
  return () => {
    timers.setTimeout = sleep;
  };
}

/** A stream that keeps what is written to it, and tells of it as it comes. */
class Kept extends Writable {
  readonly #pieces: Buffer[] = [];
  readonly #told: ((text: string) => void) | undefined;

  constructor(told?: (text: string) => void) {
    super();
    this.#told = told;
  }

  override _write(piece: Buffer, _encoding: string, done: () => void): void {
    this.#pieces.push(piece);
    this.#told?.(piece.toString("utf8"));
    done();
  }

  get text(): string {
    return Buffer.concat(this.#pieces).toString("utf8");
  }
}
