import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { entryOf } from "../program.ts";
import { expectRepeatable, Walk } from "./walk-through.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  const many = [...Array(21).keys()].map((index) => `team-${index}`);
  sandbox = await startSandbox({
    clusters: [
      {
        context: "sandbox",
        namespaces: ["default", "kube-system", "awesomeapps", { name: "payments", terminating: true }],
      },
      { context: "large", namespace: "team-3", namespaces: ["kube-system", ...many] },
    ],
  });
});
afterAll(() => sandbox.close());

const given = ["--auth", "environment", "--registry", "myregistry"];

/** Walks to the question, and types a namespace there in place of the proposed one. */
async function typing(namespace: string, ...more: readonly string[]): Promise<Walk> {
  const walk = await Walk.start(sandbox, [...given, "--context", "sandbox", ...more]);
  await (await walk.at("namespaces")).press("space", "up").shows("❯◯ others, typed next");
  walk.press("space", "enter");
  return await walk.answer("typedNamespaces", namespace);
}

describe("a namespace that is typed, whose name is close to an existing one", () => {
  it("is taken for that one by Enter, and is not created", async () => {
    const walk = await typing("awsomeapps", "--secret-name", "spelt");
    await walk.shows("There is no namespace awsomeapps. Did you mean awesomeapps?");
    await walk.shows("❯ use awesomeapps");
    const command = await (await walk.press("enter").accept("review")).equivalentCommand();
    expect(command).toContain(" --namespace awesomeapps ");
    expect(command).not.toContain("--create-namespace");
    expect(entryOf(sandbox, "myregistry", "awesomeapps", "spelt")).toBeDefined();
    await expectRepeatable(sandbox, command);
  });

  it("is created if a person says so", async () => {
    const walk = await typing("awesome-apps", "--secret-name", "meant");
    await walk.shows("Did you mean awesomeapps?");
    await walk.press("down").shows("❯ create awesome-apps");
    const command = await (await walk.press("enter").accept("review")).equivalentCommand();
    expect(command).toContain(" --namespace awesome-apps ");
    expect(command).toContain(" --create-namespace ");
    expect(entryOf(sandbox, "myregistry", "awesome-apps", "meant")).toBeDefined();
  });

  it("is not asked about if that one is being deleted, which cannot be chosen", async () => {
    const walk = await typing("payments");
    await walk.shows("payments is being deleted.");
    await walk.press("ctrl-u", "paymnets", "enter").at("review");
    expect(walk.run.screen).toContain("create namespace sandbox/paymnets");
    await walk.press("ctrl-c").exit();
  });
});

describe("more namespaces than fit the screen", () => {
  it("are typed, with commas, and the context's own is proposed", async () => {
    const walk = await Walk.start(sandbox, [...given, "--context", "large"]);
    await (await walk.at("typedNamespaces")).shows("(team-3)");
    await walk.press("Not valid", "enter").shows("Not valid must");
    walk.press("ctrl-u", "team-1, team-2", "enter");
    const command = await (await walk.accept("review")).equivalentCommand();
    expect(command).toContain(" --namespace team-1 --namespace team-2 ");
    expect(entryOf(sandbox, "myregistry", "team-2", "acr-secret", "large")).toBeDefined();
  });
});
