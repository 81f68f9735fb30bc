import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { programPath, runProgram } from "../program.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());

const dist = join(dirname(programPath), "..", "dist");

/** What the files that a start reads are made of: what they hold, and what of Node they ask for. */
function readAtStart(file: string, seen = new Map<string, string>()): ReadonlyMap<string, string> {
  if (seen.has(file)) return seen;
  const text = readFileSync(join(dist, file), "utf8");
  seen.set(file, text);
  for (const { groups } of text.matchAll(/^import [^"]*"\.\/(?<next>[^"]+)"/gm)) {
    readAtStart(groups?.["next"] ?? "", seen);
  }
  return seen;
}

describe("help, the version and a completion script", () => {
  it("come from a few small files, without any SDK", () => {
    const files = [...readAtStart("main.js")];
    expect(files.length).toBeLessThanOrEqual(4);
    const text = files.map(([, content]) => content).join("\n");
    expect(text.length).toBeLessThan(200_000);
    const whole = readdirSync(dist).map((name) => readFileSync(join(dist, name), "utf8"));
    for (const name of [
      "ConfidentialClientApplication",
      "KubeConfig",
      "loadAll",
      "startSandbox",
      "protobuf",
    ]) {
      expect(text).not.toContain(name);
      // Looked for by a name that is there.
      expect(whole.some((one) => one.includes(name))).toBe(true);
    }
    // Of these Node loads a good deal more with each.
    for (const name of ["node:crypto", "node:https", "node:tty", "node:process"])
      expect(text).not.toContain(`from "${name}"`);
  });
});

describe("Node", () => {
  it.each([
    "--help",
    "--version",
    "completion bash",
    "setup --registry myregistry -n awesomeapps --yes",
    "status",
    "verify -n awesomeapps",
    "rotate --registry myregistry -n awesomeapps --dry-run",
    "remove --registry myregistry --yes",
  ])("warns of nothing in acr-pull %s", async (commandLine) => {
    const run = await runProgram(sandbox, commandLine.split(" "));
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).not.toMatch(/\(node:\d+\)|Warning:/);
  });
});
