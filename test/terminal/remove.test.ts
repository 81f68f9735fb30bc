import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { secretOf, setup } from "../program.ts";
import { TerminalRun } from "../terminal.ts";
import { expectRepeatable, mutatingSince } from "./walk-through.ts";

const questions = {
  contexts: "Which clusters, by their kubeconfig contexts?",
  registry: "Which registry should the cluster no longer pull from?",
  name: "? To remove this, type the registry's name: ",
};

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
  for (const registry of ["myregistry", "abacregistry"]) {
    const run = await setup(sandbox, ["--registry", registry, "-n", "default"]);
    if (run.code !== 0) throw new Error(run.stderr);
  }
});
afterAll(() => sandbox.close());

describe("remove at a terminal", () => {
  it("removes nothing when nothing is typed, and takes no other name", async () => {
    const before = sandbox.requests.entries.length;
    const run = await TerminalRun.start(
      sandbox,
      ["remove", "--registry", "myregistry", "--context", "sandbox"],
      {
        rows: 60,
        env: { ACR_PULL_AUTH: "environment" },
      },
    );
    await run.until(`${questions.name}myregistry`);
    expect(run.screen).toContain("- remove role assignment AcrPull on myregistry");
    await run.press("my registry", "enter").until("That is not myregistry");
    run.press("ctrl-u", "enter");
    expect(await run.exit(), run.history).toBe(2);
    expect(mutatingSince(sandbox, before)).toEqual([]);
    expect(run.history).toContain("Not agreed to, so nothing was done");
  });

  it("breaks between words what it says where nothing is left", async () => {
    const run = await TerminalRun.start(
      sandbox,
      ["remove", "--registry", "myregistry", "--context", "sandbox-staging", "--yes"],
      { columns: 60, env: { ACR_PULL_AUTH: "environment" } },
    );
    expect(await run.exit(), run.history).toBe(0);
    expect(run.transcript).toContain("Nothing to remove: ");
    expect(run.transcript.split("\n").filter((line) => line.length > 60)).toEqual([]);
  });

  it("stopped where the name is to be typed puts no consent into the command to go on with", async () => {
    const run = await TerminalRun.start(sandbox, ["remove", "--registry", "myregistry"], {
      rows: 60,
      env: { ACR_PULL_AUTH: "environment", ACR_PULL_CONTEXT: "sandbox" },
    });
    await run.until(`${questions.name}myregistry`);
    await run.press("myregistyr", "enter").until("That is not myregistry");
    run.press("ctrl-c");
    expect(await run.exit(), run.history).toBe(130);
    expect(run.transcript).toContain("Nothing was written.");
    expect(run.transcript).toMatch(
      /To continue: acr-pull remove --registry myregistry --context sandbox *$/m,
    );
    expect(run.transcript).not.toContain("--yes");
  });

  it("asks where and for which registry, and has its name typed", async () => {
    const before = sandbox.requests.entries.length;
    const run = await TerminalRun.start(sandbox, ["remove"], { rows: 60, env: { ACR_PULL_SETTLE: "0s" } });
    (await run.at(questions.contexts)).press("enter");
    await run.at(questions.registry);
    const loginServer = sandbox.world.registries[0]?.loginServer ?? "";
    run.press(loginServer);
    await run.until(`${loginServer} ❯ myregistry (${loginServer}), one secret`);
    run.press("enter");
    await run.until(`${questions.name}myregistry`);
    expect(mutatingSince(sandbox, before)).toEqual([]);
    run.press("myregistry", "enter");
    expect(await run.exit(), run.history).toBe(0);
    const config = secretOf(sandbox, "default")?.["data"] as Record<string, string>;
    const text = Buffer.from(config[".dockerconfigjson"] ?? "", "base64").toString();
    expect(text).not.toContain(loginServer);
    expect(text).toContain(sandbox.world.registries[1]?.loginServer);
    const command = /The same without questions:\n {2}(.+)/.exec(run.transcript)?.[1] ?? "";
    expect(command).toMatch(/^acr-pull remove --registry localhost:\d+ --context sandbox --yes$/);
    await expectRepeatable(sandbox, command);
  });

  it("says that there is nothing to choose from where no secret has an entry", async () => {
    const run = await TerminalRun.start(sandbox, ["remove", "--context", "sandbox-staging", "--dry-run"], {
      rows: 60,
    });
    expect(await run.exit(), run.history).not.toBe(0);
    expect(run.history).toContain("No visible secret has an entry that acr-pull manages.");
  });
});
