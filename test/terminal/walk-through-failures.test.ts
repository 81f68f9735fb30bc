import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { entryOf, secretOf } from "../program.ts";
import { expectRepeatable, mutatingSince, Walk } from "./walk-through.ts";

const shared = "11111111-2222-4333-8444-555555555555";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({
    caller: {
      roles: [
        { role: "Owner", scope: "myregistry" },
        { role: "Reader", scope: "readonly" },
      ],
    },
    applications: [{ displayName: "build-pipeline", appId: shared, owners: ["caller"] }],
    registries: [{ name: "myregistry" }, { name: "readonly" }],
    clusters: [
      { context: "open", namespace: "awesomeapps" },
      { context: "down" },
      {
        context: "closed",
        rules: [
          { verbs: ["get"], resources: ["namespaces"] },
          { verbs: ["*"], resources: ["secrets"], namespaces: ["awesomeapps"] },
        ],
      },
    ],
  });
  const down = sandbox.world.clusters.find(({ context }) => context === "down")?.server ?? "";
  const kubeconfig = await readFile(sandbox.kubeconfigPath, "utf8");
  await writeFile(sandbox.kubeconfigPath, kubeconfig.replace(down, "https://localhost:1"));
});
afterAll(() => sandbox.close());

/** Flags that answer what a case is not about. */
const azure = ["--auth", "environment", "--registry", "myregistry"];

describe("what goes wrong at a question", () => {
  it("registries that may not be listed: that ends it, with what to do", async () => {
    sandbox.setFaults([{ match: "/registries[?]", status: 403, code: "AuthorizationFailed" }]);
    const walk = await Walk.start(sandbox, ["--auth", "environment"]);
    expect(await walk.exit()).toBe(2);
    expect(walk.run.screen).toContain("The signed-in account cannot see any registry.");
    expect(walk.run.screen).toContain("--registry");
    expect(mutatingSince(sandbox)).toEqual([]);
  });

  it("namespaces that may not be listed: they are typed", async () => {
    const walk = await Walk.start(sandbox, [...azure, "--context", "closed"]);
    await walk.run.until("! warning: The namespaces of closed may not be listed");
    await (await walk.answer("typedNamespaces", "awesomeapps")).accept("review");
    await walk.equivalentCommand();
    expect(secretOf(sandbox, "awesomeapps", "acr-secret", "closed")).toBeDefined();
  });

  it("a registry that is not there: it is asked for again, and Enter takes the near name", async () => {
    const walk = await Walk.start(sandbox, [
      "--auth",
      "environment",
      "--context",
      "open",
      "-n",
      "awesomeapps",
    ]);
    await (await walk.at("registry")).press("myregistri").shows("Did you mean myregistry?");
    walk.press("ctrl-u", "myregistri.azurecr.io");
    await (await walk.shows("❯ use myregistri.azurecr.io")).press("enter").run.until("error[registry.");
    walk.press("enter");
    await (await walk.at("review")).press("ctrl-c").exit();
    expect(walk.answered.at(-1)).toMatch(/ myregistry$/);
  });
});

describe("what goes wrong with the plan", () => {
  const place = ["--context", "open", "-n", "awesomeapps"];

  it("misspelt names: Enter takes those that are there, and makes no namespace", async () => {
    const names = ["--registry", "myregistri", "--context", "open", "-n", "awsomeapps"];
    const walk = await Walk.start(sandbox, ["--auth", "environment", ...names, "--secret-name", "spelt"]);
    await (await walk.at("goOn")).shows("❯ use myregistry in place of myregistri");
    walk.press("enter");
    await (await walk.at("goOn")).shows("❯ use awesomeapps in place of awsomeapps");
    walk.press("enter");
    const command = await (await walk.accept("review")).equivalentCommand();
    expect(command).toContain(" --registry myregistry ");
    expect(command).toContain(" --namespace awesomeapps ");
    expect(command).not.toContain("--create-namespace");
    expect(entryOf(sandbox, "myregistry", "awesomeapps", "spelt", "open")).toBeDefined();
    await expectRepeatable(sandbox, command);
  });

  it("a right that is missing: another answer mends it, and to stop ends with the failure's exit code", async () => {
    const before = sandbox.requests.entries.length;
    const given = ["--auth", "environment", "--registry", "readonly", "--secret-name", "refused"];
    const walk = await Walk.start(sandbox, [...place, ...given]);
    await walk.answer("goOn", "change");
    await walk.answer("what", "registry");
    await walk.find("registry", "my", "myregistry");
    await (await walk.change("registry")).find("registry", "read", "readonly");
    await walk.answer("goOn", "stop");
    expect(await walk.exit()).toBe(3);
    expect(mutatingSince(sandbox, before)).toEqual([]);
  });
});
