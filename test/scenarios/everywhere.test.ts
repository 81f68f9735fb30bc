import { describe, expect, it } from "vitest";
import { runSafely } from "../canary.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { runProgram } from "../program.ts";
import { setUp } from "./already-set-up.ts";
import { start } from "./rotation.ts";

interface Told {
  readonly id: string;
  readonly status: string;
  readonly target: { readonly context: string; readonly namespace?: string; readonly secret?: string };
}

/** The outcome of a read-only command, with all checks of verify and those that failed. */
async function look(sandbox: Sandbox, line: string, env = {}) {
  const run = await runSafely(sandbox, [...line.split(" "), "-o", "json"], { env });
  const checks = (run.json.checks ?? []) as readonly Told[];
  const failed = checks.filter(({ status }) => status === "fail");
  return { ...run, checks, failed: failed.map(({ id, target }) => `${target.context} ${id}`) };
}

/** The secrets that verify looked at. */
function looked(checks: readonly Told[]): string[] {
  const places = checks.flatMap(({ target: { context, namespace, secret } }) =>
    secret === undefined ? [] : [`${context}/${namespace}/${secret}`],
  );
  return [...new Set(places)];
}

describe.concurrent("verify of all namespaces", () => {
  it("looks at every pull secret for a registry of Azure, and at no other namespace", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox, { namespaces: ["awesomeapps"] });
    setUp(sandbox, { namespaces: ["default"], secretName: "mine", beside: true });
    for (const flag of ["-A", "--all-namespaces"]) {
      const { code, checks, stderr } = await look(sandbox, `verify ${flag}`);
      expect(code, stderr).toBe(0);
      expect(looked(checks)).toEqual(["sandbox/awesomeapps/acr-secret", "sandbox/default/mine"]);
    }
    const one = await look(sandbox, "verify -A --secret-name mine");
    expect(looked(one.checks)).toEqual(["sandbox/default/mine"]);
  });

  it.for([
    ["", "No pull secret in context sandbox has an entry for an Azure container registry."],
    [" --registry abacregistry", "No pull secret in context sandbox has an entry for abacregistry."],
  ])("is not in order where there is none%s", async ([more, message], test) => {
    const sandbox = await start(test);
    if (more !== "") setUp(sandbox);
    const { code, json } = await look(sandbox, `verify -A${more}`);
    expect(code).toBe(5);
    expect(json.checks).toContainEqual(expect.objectContaining({ id: "secret-present", message }));
  });

  it("goes without namespaces by name", async () => {
    const run = await runProgram(undefined, ["verify", "-A", "-n", "default"]);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("--all-namespaces' cannot be used with option '-n, --namespace <ns>'");
  });
});
