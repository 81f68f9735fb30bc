import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { programPath, runProgram } from "../program.ts";

const version = (
  JSON.parse(readFileSync(join(dirname(programPath), "..", "package.json"), "utf8")) as { version: string }
).version;
const folder = mkdtempSync(join(tmpdir(), "acr-pull-program-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("help", () => {
  it("is what the program alone shows, with the commands and where to start", async () => {
    const { code, stdout, stderr } = await runProgram(undefined, []);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: acr-pull /);
    for (const word of ["setup", "sandbox", "Start with:", "--help-all"]) expect(stdout).toContain(word);
    expect(stderr).toBe("");
    const all = await runProgram(undefined, ["--help-all"]);
    for (const word of ["Exit codes:", "interrupted or incomplete"]) expect(all.stdout).toContain(word);
  });

  it("of a command lists all its options in groups, with defaults and examples", async () => {
    const { code, stdout } = await runProgram(undefined, ["setup", "--help-all"]);
    expect(code).toBe(0);
    for (const words of ["Registry:", "Consent:", "(default: acr-secret)", "(flag only)", "Examples:"]) {
      expect(stdout).toContain(words);
    }
  });

  it("names the plugin as kubectl's user types it", () => {
    const plugin = join(folder, "kubectl-acr_pull");
    symlinkSync(programPath, plugin);
    const { stdout } = spawnSync(process.execPath, [plugin, "setup", "--help"], { encoding: "utf8" });
    expect(stdout).toMatch(/^Usage: kubectl acr-pull setup /);
    expect(stdout).toContain("  kubectl acr-pull setup --registry myregistry");
  });

  it("tells the version", async () => {
    expect((await runProgram(undefined, ["--version"])).stdout).toBe(`${version}\n`);
  });
});

describe("bad usage", () => {
  it.each([
    [["setup", "--registri", "x"], "Did you mean --registry?"],
    [["setpu"], "Did you mean setup?"],
    [["setup", "--registry"], "Option '--registry <name>' argument missing."],
    [["setup", "--registry", "no_good", "--yes"], "It must be a registry's name"],
    [["setup"], "Missing input: --registry <name> (ACR_PULL_REGISTRY), --yes."],
    [["setup", "--password", "hunter2"], "Unknown option '--password'."],
  ])("%j exits with 2 and says %j", async (args, words) => {
    const { code, stdout, stderr } = await runProgram(undefined, args);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(words);
    expect(stderr).not.toContain("    at ");
  });

  it("is one document in JSON all the same", async () => {
    const { code, stdout, stderr } = await runProgram(undefined, ["setup", "-o", "json"]);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      command: "setup",
      ok: false,
      exitCode: 2,
      error: {
        code: "usage.missing-input",
        message: "Missing input: --registry <name> (ACR_PULL_REGISTRY), --yes.",
        hint: expect.stringContaining("Add --yes: ") as string,
        retryable: false,
      },
    });
    expect(stderr).toContain("Missing input");
  });

  it("is one document even where the command line cannot be read", async () => {
    const { code, json } = await runProgram(undefined, ["setup", "--bogus", "-o", "json"]);
    expect(code).toBe(2);
    expect(json).toMatchObject({ command: "setup", ok: false, error: { code: "usage.command-line" } });
  });

  it("sends no control character of an argument to the terminal", async () => {
    const { stderr } = await runProgram(undefined, ["setup", "--\u001b[31mred"]);
    expect(stderr).toContain("Unknown option");
    expect(stderr).not.toContain("\u001b");
  });

  it("warns of a misspelt variable", async () => {
    const { stderr } = await runProgram(undefined, ["setup"], { env: { ACR_PULL_REGISTRI: "myregistry" } });
    expect(stderr).toContain("ACR_PULL_REGISTRI is not a variable of acr-pull");
  });
});

describe("output", () => {
  it("ends quietly when nobody reads it any more", () => {
    const script = `"${process.execPath}" "${programPath}" setup --help | true; exit "\${PIPESTATUS[0]}"`;
    const { status, stderr } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });

  it("waits for a reader that is slow", async () => {
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    // The program inherits it non-blocking, and finds it full.
    const pipe = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
    // Opened separately, because the program may make its own end blocking.
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const full = fillUp(pipe);
    const program = spawn(process.execPath, [programPath, "setup", "--help"], {
      stdio: ["ignore", pipe, "inherit"],
    });
    const exit = once(program, "exit");
    let text = "";
    const read = Buffer.alloc(1 << 16);
    while (program.exitCode === null || text.length < full + 1000) {
      await setTimeout(20);
      try {
        text += read.toString("utf8", 0, readSync(reader, read));
      } catch {
        // Nothing there yet.
      }
    }
    for (const end of [pipe, reader]) closeSync(end);
    expect(await exit).toEqual([0, null]);
    expect(text.slice(full)).toBe((await runProgram(undefined, ["setup", "--help"])).stdout);
  });

  it.skipIf(!existsSync("/dev/full"))("that cannot be kept is a failure, told in one line", () => {
    const full = openSync("/dev/full", "w");
    const { status, stderr } = spawnSync(process.execPath, [programPath, "setup", "--help"], {
      encoding: "utf8",
      stdio: ["ignore", full, "pipe"],
    });
    closeSync(full);
    expect(stderr).toBe("error: The output could not be written (ENOSPC).\n");
    expect(status).toBe(1);
  });
});

/** Fills a non-blocking pipe to the last byte. Returns how many bytes went in. */
function fillUp(pipe: number): number {
  let written = 0;
  for (let size = 1 << 16; size >= 1;) {
    try {
      written += writeSync(pipe, ".".repeat(size));
    } catch {
      size /= 2;
    }
  }
  return written;
}
