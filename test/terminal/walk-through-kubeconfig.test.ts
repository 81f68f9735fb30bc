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

/** Flags that answer the questions before the contexts. */
const azure = ["--auth", "environment", "--registry", "myregistry", "--role", "acrpull", "--name", "puller"];

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

  it("names a context with control characters: it is refused at the question, not behind it", async () => {
    const walk = await Walk.start(sandbox, azure);
    await (await walk.answer("contexts")).shows("✗ The name of the context red must not");
    await walk.press("space", "down", "space", "enter").at("namespaces");
    expect(walk.answered.at(-1)).toContain("plain");
    await walk.press("ctrl-c").exit();
  });
});
