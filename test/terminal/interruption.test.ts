import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { bundle } from "../bundle.ts";
import { expectOrder, twoNamespaces } from "../crash/kills.ts";
import { programPath, setup } from "../program.ts";
import { expectCleanEnd, underShell } from "./under-shell.ts";

const setupArguments = ["setup", "--registry", "myregistry", ...twoNamespaces, "--no-input", "-y"];

let folder: string;
let sandbox: Sandbox;
beforeAll(async () => {
  [folder, sandbox] = await Promise.all([mkdtemp(join(tmpdir(), "acr-pull-signals-")), startSandbox()]);
});
afterAll(async () => {
  await Promise.all([rm(folder, { recursive: true }), sandbox.close()]);
});

describe("Ctrl-C while setup works", () => {
  it("ends it with 130, and says what was not done and how to go on; that finishes the work", async () => {
    let held: () => void = () => {};
    const arrived = new Promise<void>((resolve) => (held = resolve));
    let release: () => void = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const stop = sandbox.observe(async (phase, { path }) => {
      if (phase !== "committed" || !path.endsWith("/addPassword")) return undefined;
      held();
      await released;
      return "drop";
    });
    const run = await underShell(sandbox, programPath, setupArguments);
    await arrived;
    await run.until("… Making a key");
    run.press("ctrl-c");
    await run.until("ended with");
    release();
    stop();
    await run.exit();
    expect(run.screen).toContain("ended with 130");
    expect(run.screen).toMatch(/^✓ Created the application acr-pull-myregistry-/m);
    expect(run.screen).toContain("not finished: Making a key");
    expect(run.screen).toContain(
      "To continue: acr-pull setup --registry myregistry --namespace awesomeapps --namespace default --context sandbox --no-input --yes",
    );
    expectCleanEnd(run);
    const again = await setup(sandbox, twoNamespaces);
    expect(again.code, again.stderr).toBe(0);
    expectOrder(sandbox);
  });

  it("twice ends it at once by that signal, and leaves no status line", async () => {
    const program = await bundle(new URL("./unstoppable-program.ts", import.meta.url), folder);
    const run = await underShell(sandbox, program, setupArguments);
    await run.until("… Making a key");
    run.press("ctrl-c");
    await run.until("stopping as soon as it is safe; Ctrl-C again stops at once");
    await run.until("… Making a key");
    run.press("ctrl-c");
    await run.until("same modes");
    await run.exit();
    // How a shell reports a process that SIGINT killed. The process did not choose this exit code.
    expect(run.screen).toContain("ended with 130");
    expect(run.screen).not.toContain("Stopped before the end");
    expectCleanEnd(run);
  });
});
