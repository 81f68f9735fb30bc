import { expect, it } from "vitest";
import { programPath } from "../program.ts";
import { TerminalRun } from "../terminal.ts";
import { questions } from "./walk-through.ts";

const rehearsal = [process.execPath, programPath, "setup", "--auth", "environment", "--sandbox"];

it("Ctrl-Z at a question of a rehearsal leads back to the shell, and fg to the question", async () => {
  const run = await TerminalRun.start(undefined, [], {
    command: ["/bin/bash", "--norc", "-i"],
    env: { PS1: "shell> " },
    rows: 60,
  });
  /** Waits for the prompt below a text: a program that still runs might read the next keys. */
  const prompts = (text = "") =>
    run.when(() => new RegExp(`${text}[^]*shell>$`).test(run.screen), `the prompt below ${text}`);
  await prompts();
  run.press(rehearsal.join(" "), "enter");
  await run.at(questions.registry);
  run.press("ctrl-z");
  await prompts("Stopped");
  run.press("echo the shell listens: $((40 + 2))", "enter");
  await prompts("listens: 42");
  run.press("fg", "enter");
  await run.at(questions.registry);
  // The question stands below what the shell wrote meanwhile.
  expect(run.screen).toMatch(/❯[^]*Stopped[^]*listens: 42[^]*fg[^]*❯/);
  // The arrow moves within the question. If the program did not read it, the terminal would echo it.
  run.press("down", "enter");
  await run.when(() => run.screen.includes(`✔ ${questions.registry}`), "the answer");
  run.press("ctrl-c");
  await prompts("Nothing was written");
  run.press("echo ended with $?", "enter");
  await prompts("ended with 130");
  run.press("exit", "enter");
  expect(await run.exit()).toBe(0);
});
