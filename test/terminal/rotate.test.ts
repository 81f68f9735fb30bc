import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { entryOf, setup } from "../program.ts";
import { TerminalRun } from "../terminal.ts";
import { expectRepeatable, mutatingSince } from "./walk-through.ts";

const questions = {
  contexts: "Which clusters, by their kubeconfig contexts?",
  registry: "Which passwords?",
  plan: "Apply?",
};

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
  for (const registry of ["myregistry", "abacregistry"]) {
    const namespaces = registry === "myregistry" ? ["-n", "awesomeapps", "-n", "default"] : ["-n", "default"];
    const run = await setup(sandbox, ["--registry", registry, ...namespaces]);
    if (run.code !== 0) throw new Error(run.stderr);
  }
});
afterAll(() => sandbox.close());

describe("rotate at a terminal", () => {
  it("asks where and for which registry, shows the plan, and tells the command that asks nothing", async () => {
    const before = sandbox.requests.entries.length;
    const [other, mine] = [entryOf(sandbox), entryOf(sandbox, "abacregistry", "default")];
    const run = await TerminalRun.start(sandbox, ["rotate"], { columns: 120, rows: 60 });
    (await run.at(questions.contexts)).press("enter");
    await run.at(questions.registry);
    run.press("abac");
    await run.until("❯ abacregistry");
    run.press("enter");
    await run.at(questions.plan, "");
    expect(run.screen).toContain("Plan for the rotation");
    expect(run.screen).toContain("1 to create, 1 to update, 0 to remove.");
    expect(mutatingSince(sandbox, before)).toEqual([]);
    run.press("enter");
    expect(await run.exit(), run.history).toBe(0);
    expect(entryOf(sandbox, "abacregistry", "default")?.password).not.toBe(mine?.password);
    expect(entryOf(sandbox)).toEqual(other);
    const command = /The same without questions:\n {2}(.+)/.exec(run.transcript)?.[1] ?? "";
    expect(command).toMatch(/^acr-pull rotate --registry localhost:\d+ --context sandbox --yes$/);
    await expectRepeatable(sandbox, command);
  });

  it("asks about the plan alone when all was said, and leaves all as it is at a no", async () => {
    const before = sandbox.requests.entries.length;
    const args = ["--auth", "environment", "--context", "sandbox", "-n", "awesomeapps"];
    const run = await TerminalRun.start(sandbox, ["rotate", ...args]);
    await run.at(questions.plan, "");
    expect(run.history).not.toContain("✔ ");
    // Enter would carry it out.
    await run.until("(Y/n)");
    run.press("n", "enter");
    expect(await run.exit()).toBe(2);
    expect(run.history).toContain("Not agreed to, so nothing was done");
    expect(mutatingSince(sandbox, before)).toEqual([]);
  });

  it("proposes no when a key is to go", async () => {
    const args = ["--auth", "environment", "--context", "sandbox", "-n", "awesomeapps", "-n", "default"];
    const run = await TerminalRun.start(sandbox, ["rotate", ...args, "--compromised"]);
    await run.at(questions.plan, "");
    await run.until("(y/N)");
    expect(run.history.replaceAll(/\s+/g, " ")).toContain("for up to 3 hours");
    run.press("enter");
    expect(await run.exit()).toBe(2);
  });

  it("stopped at the plan puts no consent into the command to go on with", async () => {
    const args = ["--auth", "environment", "--context", "sandbox", "-n", "awesomeapps"];
    const run = await TerminalRun.start(sandbox, ["rotate", ...args]);
    (await run.at(questions.plan, "")).press("ctrl-c");
    expect(await run.exit()).toBe(130);
    expect(run.transcript).toMatch(
      /To continue:\s+acr-pull rotate --auth environment .*--context sandbox *$/m,
    );
    expect(run.transcript).not.toContain("--yes");
  });

  it("asks nothing with --yes", async () => {
    const run = await TerminalRun.start(sandbox, ["rotate", "--if-due", "-y"]);
    expect(await run.exit(), run.history).toBe(0);
    expect(run.history).not.toMatch(/[✔?] /);
    expect(run.history.replaceAll(/\s+/g, " ")).toContain("is left as it is: valid until");
  });

  it("stopped at a question says how to go on from there", async () => {
    const run = await TerminalRun.start(sandbox, ["rotate", "--auth", "environment", "--expires-in", "90d"]);
    (await run.at(questions.contexts)).press("enter");
    (await run.at(questions.registry)).press("ctrl-c");
    expect(await run.exit()).toBe(130);
    expect(run.transcript).toContain("Nothing was written.");
    expect(run.transcript).toContain(
      "To continue: acr-pull rotate --auth environment --context sandbox --expires-in 90d",
    );
  });
});
