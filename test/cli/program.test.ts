import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { programPath, runProgram } from "../program.ts";

const version = (
  JSON.parse(readFileSync(join(dirname(programPath), "..", "package.json"), "utf8")) as { version: string }
).version;
const folder = mkdtempSync(join(tmpdir(), "acr-pull-program-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("help", () => {
  it("is what the program alone shows, with the commands and exit codes", async () => {
    const { code, stdout, stderr } = await runProgram(undefined, []);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: acr-pull /);
    for (const word of ["setup", "sandbox", "Exit codes:", "stopped half way"])
      expect(stdout).toContain(word);
    expect(stderr).toBe("");
  });

  it("of a command lists its options in groups, with defaults and examples", async () => {
    const { code, stdout } = await runProgram(undefined, ["setup", "--help"]);
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

  it("loads a small part of the program, and no client", () => {
    const dist = join(dirname(programPath), "..", "dist");
    const loaded = new Set<string>();
    const load = (file: string) => {
      if (loaded.has(file)) return;
      loaded.add(file);
      const text = readFileSync(join(dist, file), "utf8");
      // Static imports alone: a lazy one is written import(…).
      for (const [, next] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)) load(next ?? "");
    };
    load("main.js");
    const size = [...loaded].reduce((sum, file) => sum + statSync(join(dist, file)).size, 0);
    expect(size).toBeLessThan(300_000);
    expect([...loaded].filter((file) => /azure|cluster|setup-|sandbox/.test(file))).toEqual([]);
  });

  it("tells the version", async () => {
    expect((await runProgram(undefined, ["--version"])).stdout).toBe(`${version}\n`);
  });
});

describe("bad usage", () => {
  it.each([
    [["setup", "--registri", "x"], "Did you mean --registry?"],
    [["setpu"], "Did you mean setup?"],
    [["setup", "--registry"], "argument missing"],
    [["setup", "extra"], "too many arguments"],
    [["setup", "--registry", "no_good", "--yes"], "--registry a registry's name has"],
    [["setup"], "Missing input: --registry (ACR_PULL_REGISTRY), --yes"],
    [["setup", "--password", "hunter2"], "unknown option '--password'"],
  ])("%j exits with 2 and says %j", async (args, words) => {
    const { code, stdout, stderr } = await runProgram(undefined, args);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(words);
    expect(stderr).not.toContain("    at ");
  });

  it.each<[string, (text: string) => unknown]>([
    ["json", JSON.parse],
    ["yaml", parse],
  ])("is one document in %s all the same", async (format, read) => {
    const { code, stdout, stderr } = await runProgram(undefined, ["setup", "-o", format]);
    expect(code).toBe(2);
    expect(read(stdout)).toEqual({
      schemaVersion: 1,
      command: "setup",
      ok: false,
      exitCode: 2,
      error: {
        code: "usage.missing-input",
        message: "Missing input: --registry (ACR_PULL_REGISTRY), --yes",
        hint: expect.stringContaining("--help") as string,
        retryable: false,
      },
    });
    expect(stderr).toContain("Missing input");
  });

  it("is one document even where the command line cannot be read", async () => {
    const { code, json } = await runProgram(undefined, ["setup", "--bogus", "-o", "json"]);
    expect(code).toBe(2);
    expect(json).toMatchObject({ command: null, ok: false, error: { code: "usage.command-line" } });
  });

  it("sends no control character of an argument to the terminal", async () => {
    const { stderr } = await runProgram(undefined, ["setup", "--\u001b[31mred"]);
    expect(stderr).toContain("unknown option");
    expect(stderr).not.toContain("\u001b");
  });

  it("warns of a misspelt variable", async () => {
    const { stderr } = await runProgram(undefined, ["setup"], { env: { ACR_PULL_REGISTRI: "myregistry" } });
    expect(stderr).toContain("did you mean ACR_PULL_REGISTRY?");
  });
});

describe("output", () => {
  it("ends quietly when nobody reads it any more", () => {
    const script = `"${process.execPath}" "${programPath}" setup --help | true; exit "\${PIPESTATUS[0]}"`;
    const { status, stderr } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
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
