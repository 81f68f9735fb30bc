import { EventEmitter } from "node:events";
import { execFile } from "node:child_process";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeProgramWrappers } from "../../src/sandbox/program-wrappers.ts";
import { runCommand } from "../../src/sandbox/run-command.ts";

/** Runs a command with streams of this process. */
async function run(
  command: readonly [string, ...string[]],
  options: { input?: string; environment?: Record<string, string> } = {},
) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const stdin = Readable.from([options.input ?? ""]);
  const said = Promise.all([text(stdout), text(stderr)]);
  const code = await runCommand(command, {
    environment: { PATH: process.env["PATH"] ?? "", ...options.environment },
    streams: { stdin, stdout, stderr },
    signals: new EventEmitter(),
  });
  stdout.end();
  stderr.end();
  const [out, error] = await said;
  return { code, out, error };
}

/** Emits signals once the command says that it is ready. */
function signalsWhenReady(stdout: PassThrough, ...signals: NodeJS.Signals[]): EventEmitter {
  const source = new EventEmitter();
  stdout.once("data", () => {
    for (const signal of signals) source.emit(signal, signal);
  });
  return source;
}

describe("a command inside the sandbox", () => {
  it.each([0, 1, 7, 42, 255])("ends with its exit code %i", async (code) => {
    expect(await run(["sh", "-c", `exit ${code}`])).toEqual({ code, out: "", error: "" });
  });

  it.each([
    ["TERM", 143],
    ["INT", 130],
    ["KILL", 137],
    ["HUP", 129],
  ])("ends with 128 and the number of the signal %s that ended it", async (signal, code) => {
    expect((await run(["sh", "-c", `kill -${signal} $$`])).code).toBe(code);
  });

  it("is 127 when there is no such command, and says so", async () => {
    expect(await run(["no-such-command-of-ours"])).toEqual({
      code: 127,
      out: "",
      error: "no-such-command-of-ours: command not found\n",
    });
  });

  it("is 126 when it may not be run", async () => {
    const folder = await mkdtemp(join(tmpdir(), "acr-pull-test-"));
    const file = join(folder, "plain");
    await writeFile(file, "#!/bin/sh\n", { mode: 0o600 });
    const { code, error } = await run([file]);
    await rm(folder, { recursive: true });
    expect([code, error]).toEqual([126, `${file}: cannot be run (EACCES)\n`]);
  });

  it("reads and writes through the streams it was given, and has only the environment it was given", async () => {
    const script = 'cat; echo "$MARK" >&2; test -z "$HOME" && echo no home >&2';
    expect(await run(["sh", "-c", script], { input: "hello", environment: { MARK: "x" } })).toEqual({
      code: 0,
      out: "hello",
      error: "x\nno home\n",
    });
  });

  it("does not wait for input that nobody gives", async () => {
    const stdout = new PassThrough();
    const code = await runCommand(["sh", "-c", "exit 3"], {
      environment: { PATH: process.env["PATH"] ?? "" },
      streams: { stdin: new PassThrough(), stdout, stderr: new PassThrough() },
      signals: new EventEmitter(),
    });
    expect(code).toBe(3);
  });

  // The shell keeps running until a signal arrives, and then ends as it likes.
  const waiting = 'trap "echo told; exit 9" TERM INT; echo ready; while :; do sleep 0.02; done';

  it.each(["SIGTERM", "SIGINT"] as const)("is told of %s and decides itself how to end", async (signal) => {
    const stdout = new PassThrough();
    const signals = signalsWhenReady(stdout, signal);
    const said = text(stdout);
    const code = await runCommand(["sh", "-c", waiting], {
      environment: { PATH: process.env["PATH"] ?? "" },
      streams: { stdin: Readable.from([]), stdout, stderr: new PassThrough() },
      signals,
    });
    stdout.end();
    expect(code).toBe(9);
    expect(await said).toBe("ready\ntold\n");
    expect(signals.eventNames()).toEqual([]);
  });

  it("is not told a second time of the Ctrl-C that reached it by the terminal", async () => {
    const stdout = new PassThrough();
    const signals = signalsWhenReady(stdout, "SIGINT", "SIGTERM");
    const said = text(stdout);
    const code = await runCommand(
      [
        "sh",
        "-c",
        'trap "echo interrupted" INT; trap "echo told; exit 9" TERM; echo ready; while :; do sleep 0.02; done',
      ],
      {
        environment: { PATH: process.env["PATH"] ?? "" },
        streams: {
          stdin: Readable.from([]),
          stdout,
          stderr: Object.assign(new PassThrough(), { isTTY: true }),
        },
        signals,
      },
    );
    stdout.end();
    expect([code, await said]).toEqual([9, "ready\ntold\n"]);
  });
});

describe("the program's wrappers", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "acr-pull 'test'-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it.each(["acr-pull", "kubectl-acr_pull"])(
    "start it again as %s with the arguments as they are",
    async (name) => {
      const script = join(folder, "it's a script.mjs");
      await writeFile(script, "console.log(JSON.stringify(process.argv.slice(2)))");
      const bin = await writeProgramWrappers(folder, { node: process.execPath, script });
      const { stdout } = await promisify(execFile)(join(bin, name), ["a b", "$HOME", "'", ""]);
      expect(JSON.parse(stdout)).toEqual(["a b", "$HOME", "'", ""]);
      expect((await stat(bin)).mode & 0o777).toBe(0o700);
    },
  );
});
