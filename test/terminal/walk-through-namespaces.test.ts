import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { entryOf } from "../program.ts";
import { expectRepeatable, mutatingSince, Walk } from "./walk-through.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());

const given = [
  "--auth",
  "environment",
  "--registry",
  "myregistry",
  "--name",
  "speller",
  "--context",
  "sandbox",
];

/** Walks to the question, and types a namespace there in place of the proposed one. */
async function typing(namespace: string, ...more: readonly string[]): Promise<Walk> {
  const walk = await Walk.start(sandbox, [...given, ...more]);
  await (await walk.at("namespaces")).press("space").shows("[ ] default");
  await walk.press(namespace, "enter").shows(`[x] ${namespace}`);
  return walk.press("enter");
}

describe("a namespace typed into the question, whose name is close to an existing one", () => {
  it("is taken for that one by Enter, and is not created", async () => {
    const walk = await typing("awsomeapps", "--secret-name", "spelt");
    await walk.shows("There is no namespace awsomeapps. Did you mean awesomeapps?");
    await walk.shows("❯ use awesomeapps");
    walk.press("enter");
    await walk.accept("serviceAccounts", "role", "lifetime", "review");
    const command = await walk.equivalentCommand();
    expect(command).toContain(" --namespace awesomeapps ");
    expect(command).not.toContain("--create-namespace");
    expect(entryOf(sandbox, "myregistry", "awesomeapps", "spelt")).toBeDefined();
    await expectRepeatable(sandbox, command);
  });

  it("is created if a person says so", async () => {
    const walk = await typing("awesome-apps", "--secret-name", "meant");
    await walk.shows("Did you mean awesomeapps?");
    await walk.press("down").shows("❯ create awesome-apps");
    walk.press("enter");
    await walk.accept("serviceAccounts", "role", "lifetime", "review");
    const command = await walk.equivalentCommand();
    expect(command).toContain(" --namespace awesome-apps ");
    expect(command).toContain(" --create-namespace ");
    expect(entryOf(sandbox, "myregistry", "awesome-apps", "meant")).toBeDefined();
  });

  it("is corrected in the list after Esc", async () => {
    const before = sandbox.requests.entries.length;
    const walk = await typing("defualt", "--secret-name", "corrected");
    await walk.shows("Did you mean default?");
    walk.press("escape");
    await (await walk.at("namespaces")).shows("[x] defualt");
    walk.press("ctrl-c");
    expect(await walk.exit()).toBe(130);
    expect(mutatingSince(sandbox, before)).toEqual([]);
  });

  it("is not taken for one that is being deleted", async () => {
    const ending = await startSandbox({
      clusters: [{ context: "sandbox", namespaces: ["default", { name: "payments", terminating: true }] }],
    });
    onTestFinished(() => ending.close());
    const walk = await Walk.start(ending, given);
    await (await walk.at("namespaces")).press("space").shows("[ ] default");
    await walk.press("paymnets", "enter").shows("[x] paymnets");
    walk.press("enter");
    await walk.at("secretName");
    expect(walk.run.screen).not.toContain("Did you mean");
    walk.press("ctrl-c");
    expect(await walk.exit()).toBe(130);
  });

  it("is not asked about if no name is close", async () => {
    const walk = await typing("payments", "--secret-name", "fresh");
    await walk.accept("serviceAccounts", "role", "lifetime");
    await walk.at("review");
    expect(walk.run.screen).toContain("create namespace sandbox/payments");
    walk.press("ctrl-c");
    expect(await walk.exit()).toBe(130);
  });
});
