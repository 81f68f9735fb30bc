import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const types = join(root, "node_modules/@kubernetes/client-node/dist/gen");

/** The client's methods that the source calls, such as `listNode` of `CoreV1Api`. */
const calls = readdirSync(join(root, "src/kubernetes")).flatMap((file) =>
  [
    ...readFileSync(join(root, "src/kubernetes", file), "utf8").matchAll(
      /\b(?:core|authorization)\.(\w+)\(/g,
    ),
  ].flatMap(([, call]) => call ?? []),
);

/** The models that the client's types name for a call's request and answer, and all models within them. */
function modelsOf(call: string): ReadonlySet<string> {
  const api = readFileSync(join(types, "types/ObjectParamAPI.d.ts"), "utf8");
  const [, request = "", answer = ""] =
    new RegExp(`\\n    ${call}\\(param\\??: (\\w+), .*?\\): Promise<(\\w+)>`).exec(api) ?? [];
  const [, body] = new RegExp(`interface ${request} \\{[^}]*?\\n    body\\??: (\\w+);`).exec(api) ?? [];
  const models = new Set<string>();
  const add = (model: string) => {
    const text = readModel(model);
    if (text === undefined || models.has(model)) return;
    models.add(model);
    for (const [, type = ""] of text.matchAll(/^ {4}'\w+'\??: ([^;]+);/gm)) {
      for (const [name] of type.matchAll(/\b[A-Z]\w+/g)) add(name);
    }
  };
  for (const model of [answer, body ?? ""]) add(model);
  return models;
}

function readModel(model: string): string | undefined {
  try {
    return readFileSync(join(types, "models", `${model}.d.ts`), "utf8");
  } catch {
    return undefined;
  }
}

/** The chunk of the built program that holds the used part of the Kubernetes client. */
const chunk = readdirSync(join(root, "dist"))
  .filter((file) => file.startsWith("kubernetes-calls-"))
  .map((file) => readFileSync(join(root, "dist", file), "utf8"))
  .join("\n");

describe("the bundled part of the Kubernetes client", () => {
  it("is what the source calls", () => {
    expect(calls.length).toBeGreaterThan(10);
    expect(chunk).not.toContain("connectGetNamespacedPodExec");
    expect(chunk).not.toContain("V1DaemonSet");
  });

  it.each(calls)("has %s, with the models of what it sends and is answered with", (call) => {
    expect(chunk.match(new RegExp(`\\n\\t(?:async )?${call}\\(`, "g"))).toHaveLength(3);
    const [, map = ""] = /\btypeMap = \{([^}]*)\}/.exec(chunk) ?? [];
    const models = modelsOf(call);
    expect(models.size).toBeGreaterThan(0);
    const missing = [...models].filter((model) => !new RegExp(`\\b${model}\\b`).test(map));
    expect(missing).toEqual([]);
  });
});
