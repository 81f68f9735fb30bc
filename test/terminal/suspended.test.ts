import { expect, it, onTestFinished } from "vitest";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { programPath } from "../program.ts";
import { TerminalRun } from "../terminal.ts";
import { questions } from "./walk-through.ts";

it("Ctrl-Z at a question leads back to the shell, and fg to the question", async () => {
  const sandbox = await startSandbox();
  onTestFinished(() => sandbox.close());
  const run = await TerminalRun.start(sandbox, [], {
    command: ["/bin/bash", "--norc", "-i"],
    env: { PS1: "shell> " },
    rows: 60,
  });
  await run.until("shell>");
  run.press([process.execPath, programPath, "setup", "--auth", "environment"].join(" "), "enter");
  await run.at(questions.registry);
  await run.press("ctrl-z").until("Stopped");
  await run.press("echo the shell listens: $((40 + 2))", "enter").until("listens: 42");
  await run.press("fg", "enter").until(/listens: 42.* fg/);
  // The arrow moves within the question. If the program did not read it, the terminal would echo it.
  await run.press("down").until("❯ myregistry");
  await run.press("enter").until(`✔ ${questions.registry} myregistry`);
  await run.press("ctrl-c").until("Nothing was written");
  await run.press("echo ended with $?", "enter").until("ended with 130");
  run.press("exit", "enter");
  expect(await run.exit()).toBe(0);
});
