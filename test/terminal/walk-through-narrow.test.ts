import { afterAll, beforeAll, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { questions, Walk, type QuestionName } from "./walk-through.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());

const columns = 40;

/** Lines that the terminal had to break. */
function brokenLines({ run }: Walk): string[] {
  return run.transcript.split("\n").filter((line) => line.length > columns);
}

/** A name or an id stays whole so that it can be copied. If there is no room for it, the terminal breaks it. */
function isOneWord(line: string): boolean {
  return /^\s*\S+$/.test(line);
}

it("setup in a terminal of 40 columns breaks its lines itself, leaves nothing of a question behind, and succeeds", async () => {
  const walk = await Walk.start(sandbox, [], { columns, rows: 30 });
  const asked: QuestionName[] = ["signIn", "registry", "principal", "contexts"];
  asked.push("namespaces", "secretName", "serviceAccounts", "role", "repositories", "lifetime", "review");
  for (const question of asked) {
    await walk.at(question);
    expect(brokenLines(walk).filter((line) => !isOneWord(line))).toEqual([]);
    // A redrawn question must not leave its old form behind.
    walk.press("x", "backspace", ...(question === "registry" ? ["abac"] : []), "enter");
  }
  await walk.equivalentCommand();
  // Text that is to be copied has no line breaks of its own.
  expect(brokenLines(walk).filter((line) => !isOneWord(line))).toEqual([
    expect.stringMatching(/^ {2}acr-pull verify --registry abacregistry .*--context sandbox$/),
    expect.stringMatching(/^ {2}acr-pull setup --registry abacregistry .*--yes$/),
    expect.stringMatching(/^ {8}image: \S+ # your image$/),
    expect.stringMatching(/^ {2}acr-pull rotate --registry abacregistry .*--if-expiring-within 60d --yes$/),
  ]);
  const told = walk.run.transcript.replaceAll(/\s+/g, " ");
  for (const question of asked) expect(told.split(questions[question])).toHaveLength(2);
  expect(walk.run.transcript.match(/^✔ /gm)).toHaveLength(asked.length);
  expect(walk.run.transcript).not.toMatch(/^[?❯]/m);
});
