import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { programPath, setup } from "../program.ts";
import {
  expectOrder,
  failuresOf,
  setupSignalled,
  starts,
  startWorld,
  twoNamespaces,
  undisturbedRequests,
} from "./kills.ts";

const start = starts.nothing;

let sandbox: Sandbox | undefined;
afterEach(async () => {
  await sandbox?.close();
  sandbox = undefined;
});

const resumeCommand = "acr-pull setup --registry myregistry --namespace awesomeapps --namespace default";

async function expectGracefulEnd(request: number, signal: NodeJS.Signals, code: number): Promise<void> {
  const world = await startWorld(start);
  try {
    const run = await setupSignalled(world, start, { request, phase: "read" }, signal);
    expect(run.signal, run.stderr).toBeNull();
    expect(run.code, run.stderr).toBe(code);
    expect(run.stderr).toContain("stopping as soon as it is safe");
    expect(run.stderr).toContain(resumeCommand);
    expect(run.stderr).not.toMatch(/^\s+at .*:\d+/m);
    expect(run.json).toMatchObject({ ok: false, exitCode: code, error: { code: "interrupted" } });
    const secrets = world.world.applications.flatMap(({ passwords }) => passwords);
    for (const { secretText } of [...secrets, world.world.caller]) {
      expect(run.stdout + run.stderr).not.toContain(secretText);
    }
    const again = await setup(world, start.arguments);
    expect(again.code, again.stderr).toBe(0);
    expectOrder(world);
  } finally {
    await world.close();
  }
}

describe("setup that is asked to stop", () => {
  it("by Ctrl-C or a SIGTERM at any request: says so and how to go on, and the same command does", async () => {
    const requests = await undisturbedRequests(start);
    // Reads differ little from each other.
    const moments = requests.filter(({ mutating, index }) => mutating || index % 5 === 0);
    const failures = await failuresOf(moments, async ({ index }) => {
      const [signal, code] = index % 2 === 0 ? (["SIGINT", 130] as const) : (["SIGTERM", 143] as const);
      await expectGracefulEnd(index, signal, code);
    });
    expect(failures).toEqual([]);
  }, 240_000);

  it("while a service does not answer: ends without waiting for it", async () => {
    const world = (sandbox = await startWorld(start));
    let send: (signal: NodeJS.Signals) => void = () => {};
    let hanging = false;
    let release: () => void = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    world.observe(async (phase, { path }) => {
      if (phase !== "committed" || !path.endsWith("/addPassword") || hanging) return undefined;
      hanging = true;
      send("SIGINT");
      await released;
      return "drop";
    });
    const run = await setup(world, twoNamespaces, { started: (kill) => (send = kill) });
    release();
    expect(run.code, run.stderr).toBe(130);
  });
});

describe("setup whose reader has gone", () => {
  it("does its work, and shows no stack trace", async () => {
    const world = (sandbox = await startWorld(start));
    const child = spawn(
      process.execPath,
      [programPath, "setup", "--registry", "myregistry", ...twoNamespaces, "-y"],
      {
        env: {
          PATH: process.env["PATH"],
          HOME: world.folder,
          XDG_CACHE_HOME: tmpdir(),
          ...world.environment,
        },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    child.stdout.destroy();
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
    expect(code, stderr).toBe(0);
    expect(stderr).not.toMatch(/EPIPE|^\s+at .*:\d+/m);
    expectOrder(world);
  });
});
