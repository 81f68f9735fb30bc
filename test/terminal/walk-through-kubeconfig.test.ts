import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { Walk } from "./walk-through.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({
    registries: [{ name: "myregistry" }],
    clusters: [{ context: "red\u001b[31m" }, { context: "plain" }],
  });
});
afterAll(() => sandbox.close());

describe("a kubeconfig that setup cannot go on with", () => {
  it("names no context: that is told before the first question", async () => {
    const kubeconfig = await readFile(sandbox.kubeconfigPath, "utf8");
    await writeFile(sandbox.kubeconfigPath, "");
    try {
      const walk = await Walk.start(sandbox);
      expect(await walk.exit()).toBe(2);
      expect(walk.run.history).toContain("The kubeconfig has no contexts.");
      expect(walk.run.history).not.toMatch(/^[?✔]/m);
      expect(sandbox.requests.entries).toEqual([]);
    } finally {
      await writeFile(sandbox.kubeconfigPath, kubeconfig);
    }
  });

  it("names a context with control characters: it cannot be chosen", async () => {
    const walk = await Walk.start(sandbox, ["--auth", "environment", "--registry", "myregistry"]);
    await (await walk.at("contexts")).shows("(its name must not");
    await walk.press("down", "space").shows("❯◉ plain");
    walk.press("enter");
    await walk.at("namespaces");
    expect(walk.answered.at(-1)).toMatch(/contexts\? plain$/);
    await walk.press("ctrl-c").exit();
  });
});
