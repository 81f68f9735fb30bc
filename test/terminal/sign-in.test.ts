import { chmod, readFile, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { runProgram } from "../program.ts";
import { TerminalRun } from "../terminal.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ deviceSignIn: { pendingPolls: 1_000_000 } });
});
afterAll(() => sandbox.close());

const setup = ["setup", "--registry", "myregistry", "-n", "awesomeapps", "-y"];

describe("signing in", () => {
  it("by a device code ends with one Ctrl-C, and nothing asks for the token after that", async () => {
    const polls = () => sandbox.requests.entries.filter(({ path }) => path.endsWith("/token")).length;
    const run = await TerminalRun.start(sandbox, [...setup, "--auth", "device-code"]);
    await run.until("enter the code");
    await run.when(() => polls() > 0, "a poll");
    await run.press("ctrl-c").until("Stopped before the end.");
    const before = polls();
    expect(await run.exit()).toBe(130);
    expect(polls()).toBe(before);
  });

  it("by a browser that never comes back ends with one Ctrl-C", async () => {
    const shown = join(sandbox.folder, "shown");
    const browser = join(sandbox.folder, "xdg-open");
    await writeFile(browser, `#!/bin/sh\nprintf %s "$1" > ${shown}.part && mv ${shown}.part ${shown}\n`);
    await chmod(browser, 0o700);
    const env = { PATH: `${sandbox.folder}${delimiter}${process.env["PATH"]}` };
    const run = await TerminalRun.start(sandbox, [...setup, "--auth", "browser"], { env });
    await run.when(() => existsSync(shown), "a browser");
    expect(await readFile(shown, "utf8")).toContain("redirect_uri=http%3A%2F%2Flocalhost%3A");
    run.press("ctrl-c");
    expect(await run.exit()).toBe(130);
    expect(run.screen).toContain("Stopped before the end.");
  });

  it("by an Azure CLI that does not answer ends with one signal", async () => {
    const file = join(sandbox.folder, "pid");
    const az = join(sandbox.folder, "az");
    await writeFile(az, `#!/bin/sh\necho $$ > ${file}.part && mv ${file}.part ${file}\nexec sleep 600\n`);
    await chmod(az, 0o700);
    const env = { PATH: `${sandbox.folder}${delimiter}${process.env["PATH"]}` };
    let send: (signal: NodeJS.Signals) => void = () => {};
    const running = runProgram(sandbox, [...setup, "--auth", "cli"], {
      env,
      started: (kill) => (send = kill),
    });
    const pid = Number(await vi.waitFor(() => readFile(file, "utf8"), { timeout: 10_000 }));
    send("SIGTERM");
    const run = await running;
    process.kill(pid);
    expect(run.code, run.stderr).toBe(143);
  });

  it("by a browser where none can be started says what to do instead", async () => {
    const run = await runProgram(sandbox, [...setup, "--auth", "browser"], { env: { PATH: "/nowhere" } });
    expect(run.code, run.stderr).toBe(3);
    expect(run.stderr).toContain("fix: Sign in on another screen with --auth device-code.");
  });
});
