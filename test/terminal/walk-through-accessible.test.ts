import { afterEach, beforeEach, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { secretOf } from "../program.ts";
import type { TerminalRun, TerminalOptions } from "../terminal.ts";
import { expectRepeatable, Walk, type QuestionName } from "./walk-through.ts";

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox();
});
afterEach(() => sandbox.close());

/** What is typed at each question: one answer each time that the program waits for a line. */
const conversation = (secretName: string): ReadonlyArray<readonly [question: QuestionName, line: string]> => [
  ["registry", "myreg"],
  // What is left is shown again.
  ["registry", "1"],
  ["contexts", ""],
  ["namespaces", "nowhere"],
  ["namespaces", "awesomeapps"],
  ["review", "2"],
  ["what", "secret name"],
  ["secretName", secretName],
  ["review", "change something"],
  ["what", "role"],
  ["role", "2"],
  ["review", "1"],
];

/** Answers line by line, each when the prompt of its question is shown. */
async function converse(run: TerminalRun, secretName: string): Promise<void> {
  let read = 0;
  for (const [question, line] of conversation(secretName)) {
    await run.when(
      () => /Number|called/.test(run.output.slice(read)) && run.output.endsWith(": "),
      `a line to type at the question ${question}`,
    );
    read = run.output.length;
    run.press(line, "enter");
  }
}

it.each<[string, readonly string[], TerminalOptions]>([
  ["ACR_PULL_ACCESSIBLE", [], { env: { ACR_PULL_ACCESSIBLE: "true" } }],
  ["TERM=dumb", [], { env: { TERM: "dumb" } }],
])("with %s setup is a conversation in plain lines that writes nothing over", async (how, args, options) => {
  const walk = await Walk.start(sandbox, args, options);
  const secretName = how.includes("dumb") ? "dumb" : "heard";
  await converse(walk.run, secretName);
  const command = await walk.equivalentCommand();
  expect(walk.run.output).not.toContain("\u001b");
  expect(walk.run.transcript).toMatch(/^2\. acrpush, also pushes/m);
  expect(walk.run.transcript).toMatch(/^Chosen: awesomeapps$/m);
  expect(secretOf(sandbox, "awesomeapps", secretName)).toBeDefined();
  expect(command).toContain(" --role acrpush ");
  await expectRepeatable(sandbox, command);
});
