import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { programPath, setup } from "../program.ts";
import { interrupt, interruptionsAt } from "./interruptions.ts";
import { expectOrder, failuresOf, twoNamespaces, undisturbed } from "./kills.ts";
import { rotateStarts, setupStarts, type Start } from "./starts.ts";
import { Worlds } from "./worlds.ts";

let sandbox: Sandbox | undefined;
afterEach(async () => {
  await sandbox?.close();
  sandbox = undefined;
});

const worlds = new Worlds();
afterAll(() => worlds.close());

describe("a command that is asked to stop, by Ctrl-C or a SIGTERM", () => {
  it.each([setupStarts.nothing, rotateStarts.compromised])(
    "says so and how to continue, which finishes the work: $command",
    async (start: Start) => {
      const known = await undisturbed(start, worlds);
      // At some of the moments. The long tests use every one.
      const interruptions = interruptionsAt(known.requests).filter(({ request }) => request % 7 === 3);
      const recovery = { worlds, undisturbed: known, finished: new Set<string>() };
      expect(await failuresOf(interruptions, (one) => interrupt(start, one, recovery))).toEqual([]);
    },
    600_000,
  );
});

describe("setup that is asked to stop", () => {
  it("while a service does not answer: waits for what it asked it to write a moment, and ends", async () => {
    const world = (sandbox = await startSandbox({ checkInvariants: true }));
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
    const world = (sandbox = await startSandbox({ checkInvariants: true }));
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
