import { spawn, type IPty } from "@lydell/node-pty";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { programPath, secretOf } from "../program.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());

const setup = ["setup", "--registry", "myregistry", "-n", "awesomeapps"];

describe("at a terminal", () => {
  it("shows the plan and does nothing without a yes", async () => {
    const { code, screen } = await atTerminal(setup, [["Carry this out?", "\r"]]);
    expect(screen).toContain("create application");
    expect(screen).toContain("Not agreed to, so nothing was done");
    expect(code).toBe(2);
    expect(mutatingRequests()).toBe(0);
  });

  it("stops with 130 when Ctrl-C answers the question", async () => {
    const { code, screen } = await atTerminal(setup, [["Carry this out?", "\u0003"]]);
    expect(screen).toContain("Stopped before the end.");
    expect(code).toBe(130);
    expect(mutatingRequests()).toBe(0);
  });

  it("has the registry's name typed before it grants an owner, whatever --yes says", async () => {
    const { code, screen } = await atTerminal(
      [...setup, "--role", "owner", "--yes"],
      [["Type myregistry to grant it:", "yes\r"]],
    );
    expect(screen).toContain("The registry's name was not typed");
    expect(code).toBe(2);
    expect(mutatingRequests()).toBe(0);
  });

  it("carries the plan out after a yes", async () => {
    const { code } = await atTerminal(setup, [["Carry this out?", "y\r"]]);
    expect(code).toBe(0);
    expect(secretOf(sandbox)).toBeDefined();
  });

  it("asks nothing with --no-input, but wants --yes", async () => {
    const { code, screen } = await atTerminal([...setup, "--no-input"], []);
    expect(screen).toContain("Missing input: --yes");
    expect(code).toBe(2);
  });
});

function mutatingRequests(): number {
  return sandbox.requests.entries.filter(({ mutating }) => mutating).length;
}

/** Runs the program in a terminal of its own; each answer is typed when its question shows. */
async function atTerminal(
  args: readonly string[],
  answers: ReadonlyArray<readonly [question: string, keys: string]>,
): Promise<{ code: number; screen: string }> {
  const { CI: _ci, ...env } = process.env;
  const terminal: IPty = spawn(process.execPath, [programPath, ...args], {
    cols: 200,
    rows: 50,
    env: { ...env, ...sandbox.environment, TERM: "xterm", NO_COLOR: "1" },
  });
  const open = [...answers];
  let screen = "";
  terminal.onData((data) => {
    screen += data;
    const [next] = open;
    if (next && screen.includes(next[0])) {
      open.shift();
      terminal.write(next[1]);
    }
  });
  return await new Promise((resolve) => {
    terminal.onExit(({ exitCode: code }) => resolve({ code, screen }));
  });
}
