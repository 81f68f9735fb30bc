import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { entryOf, marksOf, secretOf } from "../program.ts";
import { expectRepeatable, foreignSecret, mutatingSince, Walk } from "./walk-through.ts";

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
const azure = ["--auth", "environment", "--registry", "myregistry", "--role", "acrpull", "--name", "puller"];
const rest = ["--service-account", "default", "--expires-in", "30d"];

describe("what goes wrong at a question", () => {
  it("registries that may not be listed: another try asks for them again", async () => {
    sandbox.setFaults([{ match: "/registries[?]", status: 403, code: "AuthorizationFailed" }]);
    const walk = await Walk.start(sandbox, ["--auth", "environment"]);
    await walk.at("goOn");
    expect(walk.run.screen).toContain("The signed-in account cannot see any registry.");
    walk.press("again", "enter");
    await (await walk.at("registry")).press("ctrl-c").exit();
    expect(mutatingSince(sandbox)).toEqual([]);
  });

  it("namespaces that may not be listed: they are typed", async () => {
    const walk = await Walk.start(sandbox, [...azure, "--context", "closed", "--expires-in", "30d"]);
    await walk.at("namespaces");
    await walk.run.until("! The namespaces of closed may not be listed");
    await walk.press("space", "awesomeapps", "enter").shows("[x] awesomeapps");
    walk.press("enter");
    await (
      await walk.accept("secretName")
    ).shows("! The service accounts of closed/awesomeapps may not be listed");
    walk.press("enter");
    await (await walk.accept("review")).equivalentCommand();
    expect(secretOf(sandbox, "awesomeapps", "acr-secret", "closed")).toBeDefined();
  });

  it("a cluster that does not answer: that is told, and Back leads to the others", async () => {
    const walk = await Walk.start(sandbox, [...azure, ...rest, "--secret-name", "elsewhere"]);
    await (await walk.at("contexts")).press("space", "down", "space").shows("[x] down");
    walk.press("enter");
    await (await walk.at("namespaces")).run.until("! The namespaces of down cannot be listed");
    walk.press("shift-tab");
    await (await walk.at("contexts")).press("space", "open", "enter").shows("[x] open");
    walk.press("enter");
    await (await walk.at("namespaces")).shows("[x] awesomeapps");
    walk.press("enter");
    await walk.at("review");
    walk.press("no", "enter");
    expect(await walk.exit()).toBe(2);
  });

  it("a secret of that name that is somebody else's: another name is asked for, or its entry consented to", async () => {
    sandbox.addObject("open", foreignSecret("awesomeapps", "theirs"));
    const walk = await Walk.start(sandbox, [...azure, ...rest, "--context", "open", "-n", "awesomeapps"]);
    await walk.answer("secretName", "ctrl-u", "theirs");
    await (await walk.at("adopt")).shows("awesomeapps/theirs");
    await walk.accept("adopt");
    await walk.answer("secretName", "ctrl-u", "mine");
    const { run } = await walk.at("review");
    expect(run.screen).toContain("create secret open/awesomeapps/mine");
    await (await walk.accept("review")).equivalentCommand();
    expect(marksOf(sandbox, "awesomeapps", "theirs", "open")).toEqual({});
  });
});

describe("what goes wrong with the plan", () => {
  const place = ["--context", "open", "-n", "awesomeapps"];

  it("misspelt names: Enter takes those that are there, and makes no namespace", async () => {
    const role = ["--auth", "environment", "--role", "acrpull", "--name", "speller"];
    const names = ["--registry", "myregistri", "--context", "open", "-n", "awsomeapps"];
    const walk = await Walk.start(sandbox, [...role, ...names, "--secret-name", "spelt", ...rest]);
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
    const role = ["--auth", "environment", "--name", "puller", "--secret-name", "refused"];
    const walk = await Walk.start(sandbox, [...place, ...rest, ...role]);
    await walk.answer("registry", "readonly");
    await (await walk.at("role")).shows("You may not assign roles on readonly");
    walk.press("enter");
    await walk.answer("goOn", "change");
    await walk.answer("whatToChange", "the registry");
    await walk.answer("registry", "myregistry");
    await walk.accept("role");
    await walk.answer("review", "change");
    await walk.answer("whatToChange", "the registry");
    await walk.answer("registry", "readonly");
    await walk.accept("role");
    await walk.answer("goOn", "stop");
    expect(await walk.exit()).toBe(3);
    expect(mutatingSince(sandbox, before)).toEqual([]);
  });
});
