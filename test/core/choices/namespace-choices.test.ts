import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listNamespaceChoices } from "../../../src/core/choices/namespace-choices.ts";
import { startSandbox, type Sandbox } from "../../../src/sandbox/sandbox.ts";
import { openClusters } from "./sandboxed-clusters.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({
    clusters: [
      {
        context: "blue",
        namespaces: ["kube-system", "zoo", "default", "kube-public", { name: "old", terminating: true }],
        users: [{ context: "narrow", rules: [{ verbs: ["get"], resources: ["*"] }] }],
      },
      { context: "green", namespaces: ["old", "apps", "default", "kube-system", "kube-node-lease"] },
    ],
  });
});
afterAll(() => sandbox.close());

const { signal } = new AbortController();
const choicesIn = async (...contexts: string[]) =>
  listNamespaceChoices(await openClusters(sandbox, ...contexts), signal);

describe("the namespaces to choose from", () => {
  it("are those of every context, by name, with where they are; Kubernetes' own come last", async () => {
    const { namespaces, unlisted } = await choicesIn("green", "blue");
    expect(namespaces).toEqual([
      { name: "apps", terminating: false, contexts: ["green"] },
      { name: "default", terminating: false, contexts: ["green", "blue"] },
      { name: "old", terminating: true, contexts: ["green", "blue"] },
      { name: "zoo", terminating: false, contexts: ["blue"] },
      { name: "kube-node-lease", terminating: false, contexts: ["green"] },
      { name: "kube-public", terminating: false, contexts: ["blue"] },
      { name: "kube-system", terminating: false, contexts: ["green", "blue"] },
    ]);
    expect(unlisted).toEqual([]);
  });

  it("are shown of one context although another may not list, and it is said which", async () => {
    const { namespaces, unlisted } = await choicesIn("narrow", "green");
    expect(namespaces.map(({ name }) => name)).toContain("apps");
    expect(unlisted).toMatchObject([{ context: "narrow", error: { code: "kubernetes.forbidden" } }]);
  });

  it("are no answer to a question that was given up", async () => {
    const clusters = await openClusters(sandbox, "green");
    const gone = AbortSignal.abort(new Error("given up"));
    await expect(listNamespaceChoices(clusters, gone)).rejects.toThrow("given up");
  });
});
