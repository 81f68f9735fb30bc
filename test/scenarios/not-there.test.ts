import { describe, expect, it } from "vitest";
import { runSafely } from "../canary.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { setUp } from "./already-set-up.ts";
import { countingWrites, start } from "./rotation.ts";

/** Runs a command that must write nothing. */
async function look(sandbox: Sandbox, line: string) {
  const { result, writes } = await countingWrites(sandbox, () => runSafely(sandbox, line.split(" ")));
  expect(writes, "requests that ask for a change").toBe(0);
  return result;
}

describe.concurrent("what was asked for by name and is not there", () => {
  it.for([
    ["-n awsomeapps", "There is no namespace awsomeapps in sandbox. Did you mean awesomeapps?"],
    [
      "-n awesomeapps -n awsomeapps",
      "There is no namespace awsomeapps in sandbox. Did you mean awesomeapps?",
    ],
    ["-n default", "No secret in the namespace default has an entry that acr-pull manages."],
    ["--registry myregistri", "No secret has an entry for myregistri. Did you mean myregistry?"],
    [
      "--secret-name acr-secrt",
      "No secret acr-secrt has an entry that acr-pull manages. Did you mean acr-secret?",
    ],
    ["-n default --registry myregistry", "No secret in the namespace default has an entry for myregistry."],
  ])("is not in order to status %s", async ([args, sentence], test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const run = await look(sandbox, `status ${args}`);
    expect(run.code, run.stderr).toBe(5);
    expect(run.stdout.replaceAll(/\s+/g, " ")).toContain(sentence);
    expect(run.stdout).not.toContain("all in order");
    const { json } = await look(sandbox, `status ${args} -o json`);
    expect(json).toMatchObject({ ok: false, exitCode: 5 });
    expect(json.missing.map(({ message }: { message: string }) => message)).toEqual([sentence]);
  });

  it("is nothing where status was asked for no name, and where what was named is there", async (test) => {
    const sandbox = await start(test);
    expect((await look(sandbox, "status -o json")).json).toMatchObject({ exitCode: 0, missing: [] });
    setUp(sandbox, { namespaces: ["awesomeapps"] });
    const line = "status -n awesomeapps --registry myregistry --secret-name acr-secret -o json";
    expect((await look(sandbox, line)).json).toMatchObject({ exitCode: 0, missing: [] });
  });

  it("is looked for in all the clusters that were chosen", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox, { context: "sandbox-staging", namespaces: ["default"] });
    const both = "--context sandbox --context sandbox-staging";
    expect((await look(sandbox, `status -n default ${both}`)).code).toBe(0);
    const run = await look(sandbox, `status -n nowhere ${both}`);
    expect(run.code).toBe(5);
    expect(run.stdout).toContain("There is no namespace nowhere in sandbox, sandbox-staging.");
  });

  it.for([
    [
      "-n awsomeapps",
      "There is no namespace awsomeapps in context sandbox.",
      "Did you mean awesomeapps? Then: acr-pull verify --namespace awesomeapps --context sandbox; or create",
    ],
    ["-n awesomeapps --registry myregistri", "Azure shows you no such registry", "Did you mean myregistry?"],
    [
      "-n awesomeapps --secret-name acr-secrt",
      "There is no secret acr-secrt in namespace awesomeapps.",
      "Did you mean acr-secret?",
    ],
  ])("fails in verify %s, and what it could be is named", async ([args, message, suggestion], test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const run = await look(sandbox, `verify ${args} -o json`);
    expect(run.code, run.stderr).toBe(5);
    const failed = run.json.checks.filter(({ status }: { status: string }) => status === "fail");
    expect(failed).toHaveLength(1);
    expect(failed[0].message).toContain(message);
    expect(failed[0].fix).toContain(suggestion);
  });

  it("passes no check of verify in a namespace that there is none of", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const { json } = await look(sandbox, "verify -n nosuch -o json");
    const ofNamespace = json.checks.filter((check: { namespace?: string }) => check.namespace === "nosuch");
    expect(ofNamespace.map(({ status }: { status: string }) => status)).not.toContain("pass");
  });

  it.for([
    [
      "--registry myregistry -n awsomeapps",
      "There is no namespace awsomeapps in sandbox. Did you mean awesomeapps?",
      "kubernetes.namespace-not-found",
    ],
    [
      "--registry myregistry --secret-name acr-secrt",
      "No secret acr-secrt has an entry for myregistry. Did you mean acr-secret?",
      "secret.not-found",
    ],
    ["--registry myregistri", "Did you mean myregistry?", "remove.nothing-found"],
  ])("is refused by remove %s", async ([args, sentence, code], test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    const run = await look(sandbox, `remove ${args} --yes -o json`);
    expect(run.json).toMatchObject({ exitCode: 2, error: { code } });
    expect(run.json.error.message).toContain(sentence);
  });

  it.for([
    [
      "--registry myregistri",
      "registry.not-found",
      "There is no registry myregistri in any subscription you can see. Did you mean myregistry?",
      /^Run again with --registry myregistry;/,
    ],
    [
      "--registry myregistri.azurecr.io",
      "registry.not-found",
      /myregistri\.azurecr\.io in any subscription you can see\. Did you mean localhost:\d+\?$/,
      /^Run again with --registry localhost:\d+;/,
    ],
    [
      "--registry myregistry -n awsomeapps",
      "kubernetes.namespace-not-found",
      "Namespace awsomeapps does not exist in context sandbox. Did you mean awesomeapps?",
      /^Run again with -n awesomeapps; or, to create awsomeapps, with --create-namespace/,
    ],
    [
      "--registry myregistry -n all-new -n default -n awsomeapps",
      "kubernetes.namespace-not-found",
      /^2 targets cannot be written[^]*Did you mean awesomeapps\?/,
      /^Run again with -n awesomeapps;[^]*\n.*--create-namespace/,
    ],
  ] as const)("is refused by setup %s, and what it could be is named first", async (row, test) => {
    const [args, code, sentence, hint] = row;
    const sandbox = await start(test);
    const run = await look(sandbox, `setup ${args} --yes -o json`);
    expect(run.json).toMatchObject({ exitCode: 2, error: { code } });
    expect(run.json.error.message).toMatch(sentence);
    expect(run.json.error.hint).toMatch(hint);
  });

  it("is not looked for in lists by a setup that finds all it was asked for", async (test) => {
    const sandbox = await start(test);
    await runSafely(sandbox, "setup --registry myregistry -n awesomeapps --yes".split(" "));
    const lists = sandbox.requests.entries.filter(({ path }) => /\/api\/v1\/namespaces(?:\?|$)/.test(path));
    expect(lists).toEqual([]);
  });

  it("is refused by setup in the same words where the namespaces may not be listed", async (test) => {
    const sandbox = await start(test, {
      clusters: [
        {
          context: "sandbox",
          rules: [
            { verbs: ["get"], resources: ["namespaces"] },
            { verbs: ["*"], resources: ["secrets"] },
          ],
        },
      ],
    });
    const run = await look(sandbox, "setup --registry myregistry -n awsomeapps --yes -o json");
    expect(run.json.error).toMatchObject({
      code: "kubernetes.namespace-not-found",
      message: "Namespace awsomeapps does not exist in context sandbox.",
      hint: "Check the name, or run again with --create-namespace to create it.",
    });
  });

  it("is no hindrance to remove what is gone already", async (test) => {
    const sandbox = await start(test);
    const run = await look(sandbox, "remove --registry myregistry -n awesomeapps --secret-name mine --yes");
    expect(run.code, run.stderr).toBe(0);
  });
});
