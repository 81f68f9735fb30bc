import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { runProgram, secretOf } from "../program.ts";
import { TerminalRun } from "../terminal.ts";
import { mutatingSince, Walk } from "./walk-through.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ registries: [{ name: "myregistry" }, { name: "otherregistry" }] });
});
afterAll(() => sandbox.close());

const requests = () => sandbox.requests.entries.length;

/** Flags that answer every question. */
const everything = "--auth environment --registry myregistry --context sandbox".split(" ");

describe("nobody is asked", () => {
  const missing = "Missing input: --registry <name> (ACR_PULL_REGISTRY), --yes";

  it.each([
    ["with CI=true, also at a terminal", [], { CI: "true" }],
    ["with --no-input", ["--no-input"], {}],
  ])("%s: what is missing is named", async (_when, args, env) => {
    const run = await TerminalRun.start(sandbox, ["setup", ...args], { env });
    expect(await run.exit()).toBe(2);
    expect(run.screen.replaceAll(/\s+/g, " ")).toContain(missing);
    expect(run.screen).not.toContain("?");
    expect(requests()).toBe(0);
  });

  it("where standard input is no terminal: what is missing is named", async () => {
    const run = await runProgram(sandbox, ["setup"], { input: "\n\n\n\n\n\n\n\n\n\n" });
    expect(run.code).toBe(2);
    expect(run.stderr.replaceAll(/\s+/g, " ")).toContain(missing);
    expect(requests()).toBe(0);
  });
});

describe("somebody who gave flags is asked", () => {
  it("with --yes only for the registry, which has no default", async () => {
    const walk = await Walk.start(sandbox, ["-n", "awesomeapps", "--secret-name", "agreed", "--yes"]);
    await walk.find("registry", "my", "myregistry");
    expect(await walk.exit(), walk.run.history).toBe(0);
    expect(walk.answered).toHaveLength(1);
    expect(secretOf(sandbox, "awesomeapps", "agreed")).toBeDefined();
  });

  it("with --dry-run only for the registry too: also for owner the plan is shown, and nothing is written", async () => {
    const before = requests();
    const walk = await Walk.start(sandbox, ["--dry-run", "--secret-name", "planned", "--role", "owner"]);
    await walk.find("registry", "my", "myregistry");
    expect(await walk.exit(), walk.run.history).toBe(0);
    expect(walk.run.screen).toContain("create secret sandbox/default/planned");
    expect(walk.answered).toHaveLength(1);
    expect(mutatingSince(sandbox, before)).toEqual([]);
  });

  it("only to agree when every answer was given; a no writes nothing", async () => {
    const before = requests();
    const walk = await Walk.start(sandbox, [...everything, "-n", "default", "--secret-name", "declined"]);
    await (await walk.at("review")).press("no", "enter").exit();
    expect(await walk.exit()).toBe(2);
    expect(walk.run.screen).toContain("Not agreed to, so nothing was done.");
    // Nobody who said no looks for help.
    expect(walk.run.screen).not.toContain("fix:");
    expect(walk.answered).toHaveLength(1);
    expect(mutatingSince(sandbox, before)).toEqual([]);
  });

  it("for another answer from the plan, also in place of a flag", async () => {
    const walk = await Walk.start(sandbox, [...everything, "-n", "default", "--secret-name", "changed"]);
    await walk.change("namespaces");
    await walk.tickOnly("namespaces", "awesomeapps");
    await walk.at("review");
    expect(walk.run.screen).toContain("create secret sandbox/awesomeapps/changed");
    walk.press("enter");
    const command = await walk.equivalentCommand();
    expect(command).toContain("--namespace awesomeapps ");
    expect(command).not.toContain("--namespace default");
    expect(secretOf(sandbox, "default", "changed")).toBeUndefined();
  });
});
