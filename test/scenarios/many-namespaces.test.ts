import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { runSafely } from "../canary.ts";
import { TerminalRun } from "../terminal.ts";

const count = 200;
const namespaces = [...Array(count).keys()].map((index) => ({
  name: `ns-${index}`,
  labels: { team: "web" },
}));
const chosen = ["--namespace-selector", "team=web"];
const setup = ["setup", "--registry", "myregistry", ...chosen];

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({
    clusters: [
      { context: "sandbox", namespaces: ["default", "kube-system"], objects: namespaces.map(asObject) },
      { context: "sandbox-staging", namespaces: ["default", "web", "jobs", "kube-system"] },
    ],
  });
});
afterAll(() => sandbox.close());

function asObject(metadata: (typeof namespaces)[number]) {
  return { apiVersion: "v1", kind: "Namespace" as const, metadata };
}

/** The output lines of a run without a terminal. */
async function lines(args: readonly string[], code = 0): Promise<string[]> {
  const run = await runSafely(sandbox, args);
  expect(run.code, run.stderr + run.stdout).toBe(code);
  return run.stdout.trimEnd().split("\n");
}

async function isSilent(args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await runSafely(sandbox, [...args, "--quiet"]);
  expect([code, stdout, stderr]).toEqual([0, "", ""]);
}

/** Makes the secrets of these namespaces gone, empty, or managed by somebody else. */
function change(names: readonly string[], to: "gone" | "empty" | "reconciled"): void {
  const { objects } = sandbox.world.clusters[0]!;
  const isMeant = (one: (typeof objects)["secrets"][number]) =>
    one.metadata.name === "acr-secret" && names.includes(one.metadata.namespace ?? "");
  if (to === "gone") objects["secrets"] = objects["secrets"]!.filter((one) => !isMeant(one));
  for (const one of objects["secrets"]!.filter(isMeant)) {
    if (to === "empty") Object.assign(one, { data: { ".dockerconfigjson": btoa("{}") } });
    else
      Object.assign(one.metadata, {
        annotations: { ...one.metadata.annotations, "meta.helm.sh/release-name": "x" },
      });
  }
}

describe("in two hundred namespaces", () => {
  it("a plan says once what it would do in each, and each where that is asked for", async () => {
    const plan = await lines([...setup, "--dry-run"]);
    expect(plan.length).toBeLessThan(15);
    expect(plan.join("\n")).toMatch(
      /\+ create secret acr-secret in 200 namespaces of sandbox: ns-0, ns-1, ns-10, ns-100, ns-101 and 195 more\n/,
    );
    expect(plan.at(-1)).toBe("204 to create, 0 to update, 0 to remove. --verbose lists each.");
    expect((await lines([...setup, "--dry-run", "-v"])).length).toBeGreaterThan(count);
  });

  it("setup counts them, and every command is silent with --quiet when all is well", async () => {
    expect(await lines([...setup, "--yes"])).toContain("sandbox  200 secrets  created");
    for (const args of [
      [...setup, "--yes"],
      [...setup, "--dry-run"],
      ["verify", ...chosen],
      ["status"],
      ["rotate", "--if-due", "--yes"],
      ["setup", "--registry", "myregistry", "--context", "sandbox-staging", "-n", "web", "--yes"],
      ["rotate", "--context", "sandbox-staging", "--yes"],
      ["remove", "--registry", "myregistry", "--context", "sandbox-staging", "--settle", "0s", "--yes"],
    ]) {
      await isSilent(args);
    }
  });

  it("verify takes a line for what is the same everywhere", async () => {
    const told = await lines(["verify", ...chosen]);
    expect(told).toHaveLength(3);
    expect(told[0]).toBe("  ✓ ok   200 namespaces: no check fails");
  });

  it("the other plans are as short", async () => {
    for (const args of [["rotate"], ["remove", "--registry", "myregistry"]]) {
      const plan = await lines([...args, "--dry-run"]);
      expect(plan.length, plan.join("\n")).toBeLessThan(15);
      expect(plan.join("\n")).toContain(" secret acr-secret in 200 namespaces of sandbox: ns-0, ");
    }
  });
});

describe("of two hundred namespaces, where some are not in order,", () => {
  const bad = ["ns-3", "ns-4", "ns-5"];
  beforeAll(() => {
    change(bad, "empty");
    change(["ns-6"], "reconciled");
  });

  it("verify tells those first, a reason that they share once, with one command that fixes them all", async () => {
    const told = await lines(["verify", ...chosen], 5);
    expect(told.length).toBeLessThan(15);
    expect(told[0]).toBe("Secret acr-secret in 3 namespaces of sandbox: ns-3, ns-4, ns-5");
    expect(told[1]).toMatch(/^ {2}✗ FAIL secret-registry: /);
    expect(told[2]).toMatch(
      /^ {9}fix: .*acr-pull setup --registry \S+ --namespace ns-3 --namespace ns-4 --namespace ns-5 --context sandbox /,
    );
    expect(told).toContain("  ✓ ok   197 namespaces: no check fails");
  });

  it("verify --quiet shows nothing else", async () => {
    const told = await lines(["verify", ...chosen, "--quiet"], 5);
    expect(told.join("\n")).toContain(bad.join(", "));
    expect(told.join("\n")).not.toMatch(/ok {3}|skip /);
  });

  it("status gives each reason once, and with --quiet only those", async () => {
    const told = await lines(["status", "--quiet"], 5);
    expect(told).toContain("✗ 4 of 200 entries are not in order.");
    expect(told).toContainEqual(
      expect.stringMatching(
        /^✗ acr-secret in 3 namespaces of sandbox: ns-3, ns-4, ns-5: it no longer holds anything for /,
      ),
    );
    expect(told).toContainEqual(expect.stringMatching(/^✗ sandbox\/ns-6\/acr-secret: Helm .*writes it\.$/));
    expect(told.join("\n")).not.toContain("NAMESPACE");
  });

  it("status stays a table where there is little room", async () => {
    for (const columns of [60, 80]) {
      const run = await TerminalRun.start(sandbox, ["status", "-n", "ns-3", "-n", "ns-7"], { columns });
      expect(await run.exit()).toBe(5);
      const [head = "", ...rows] = run.history.split("\n");
      expect(head).toMatch(/^(?:CONTEXT +)?NAMESPACE +SECRET +REGISTRY .*LEFT +STATE$/);
      expect(rows[1]).toMatch(/^(?:sandbox +)?ns-7 +acr-secret +myregistry .*d +ok$/);
    }
  });
});
