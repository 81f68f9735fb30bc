import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { entryOf, livePasswords, secretOf } from "../program.ts";
import { expectRepeatable, mutatingSince, Walk } from "./walk-through.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({
    registries: [{ name: "myregistry" }],
    clusters: [{ context: "kind-dev", namespaces: ["default", "kube-system", "kube-public"] }],
  });
});
afterAll(() => sandbox.close());

describe("setup in a world with one choice everywhere", () => {
  it("reaches a secret that pulls by Enter alone, and changes nothing before the last one", async () => {
    const walk = await Walk.start(sandbox);
    await walk.run.until(`Signed in as service principal ${sandbox.world.caller.appId}`);
    await (await walk.accept("registry", "namespaces")).at("review");
    expect(mutatingSince(sandbox)).toEqual([]);
    expect(secretOf(sandbox, "default", "acr-secret", "kind-dev")).toBeUndefined();
    walk.press("enter");
    const command = await walk.equivalentCommand();
    const [key, ...more] = livePasswords(sandbox);
    expect(more).toEqual([]);
    expect(entryOf(sandbox, "myregistry", "default", "acr-secret", "kind-dev")?.password).toBe(
      key?.secretText,
    );
    expect(command).toBe("acr-pull setup --registry myregistry --namespace default --context kind-dev --yes");
    // It proves the pull again.
    await expectRepeatable(sandbox, command);
  });

  it("says each answer in a line, and the passwords nowhere", async () => {
    const walk = await Walk.start(sandbox, ["--secret-name", "again"]);
    await (await walk.accept("registry", "namespaces")).at("review");
    // The first secret's password is copied. No new one is made.
    expect(walk.run.screen).toMatch(/Password +the one in use$/m);
    await (await walk.accept("review")).equivalentCommand();
    expect(walk.answered.map((line) => line.replace(/^✔ .+\? /, ""))).toEqual([
      "myregistry",
      "default",
      "yes",
    ]);
    for (const { secretText } of livePasswords(sandbox)) expect(walk.run.output).not.toContain(secretText);
  });
});
