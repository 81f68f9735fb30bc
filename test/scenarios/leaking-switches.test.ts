import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { runProgram } from "../program.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());

describe("a variable that would give the run's secrets away", () => {
  it.each([
    ["setup", ["--registry", "myregistry", "-n", "awesomeapps", "-y"]],
    ["rotate", ["-y"]],
    ["status", []],
    ["verify", []],
    ["remove", ["--registry", "myregistry", "-y"]],
  ] as const)("by leaving certificates unverified stops %s before any request", async (command, args) => {
    const before = sandbox.requests.entries.length;
    const run = await runProgram(sandbox, [command, ...args, "-o", "json"], {
      env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" },
    });
    expect([run.code, run.json.error.code]).toEqual([2, "usage.unverified-tls"]);
    expect(run.stderr).toContain("NODE_EXTRA_CA_CERTS");
    expect(sandbox.requests.entries).toHaveLength(before);
  });

  it("says nothing where nothing is sent", async () => {
    const run = await runProgram(sandbox, ["--help"], { env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" } });
    expect([run.code, run.stderr]).toEqual([0, ""]);
  });
});
