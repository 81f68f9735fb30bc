import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listServiceAccountChoices } from "../../../src/core/choices/service-account-choices.ts";
import { startSandbox, type Sandbox } from "../../../src/sandbox/sandbox.ts";
import { openClusters } from "./sandboxed-clusters.ts";

const account = (namespace: string, name: string) =>
  ({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } }) as const;

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({
    clusters: [
      {
        context: "blue",
        namespaces: ["default", "apps"],
        objects: [account("default", "builder"), account("default", "api"), account("apps", "builder")],
        users: [
          {
            context: "narrow",
            rules: [{ verbs: ["list"], resources: ["serviceaccounts"], namespaces: ["apps"] }],
          },
        ],
      },
      {
        context: "green",
        namespaces: ["apps"],
        objects: [account("apps", "builder"), account("apps", "aaa")],
      },
    ],
  });
});
afterAll(() => sandbox.close());

const { signal } = new AbortController();

/** The choices in places named `context/namespace`. */
async function choicesIn(...names: string[]) {
  const places = names.map(async (name) => {
    const [context = "", namespace = ""] = name.split("/");
    const [cluster] = await openClusters(sandbox, context);
    if (!cluster) throw new Error("no cluster");
    return { cluster, namespace };
  });
  return listServiceAccountChoices(await Promise.all(places), signal);
}

describe("the service accounts to choose from", () => {
  it("are default, then those of every place, then those of some with where they are missing", async () => {
    const { accounts, unlisted } = await choicesIn("blue/default", "blue/apps", "green/apps");
    expect(accounts).toEqual([
      { name: "default", missingIn: [] },
      { name: "builder", missingIn: [] },
      { name: "aaa", missingIn: ["blue/default", "blue/apps"] },
      { name: "api", missingIn: ["blue/apps", "green/apps"] },
    ]);
    expect(unlisted).toEqual([]);
  });

  it("hold default alone in a namespace that is still to be made", async () => {
    expect((await choicesIn("blue/new")).accounts).toEqual([{ name: "default", missingIn: [] }]);
    const { accounts } = await choicesIn("blue/new", "blue/apps");
    expect(accounts).toContainEqual({ name: "builder", missingIn: ["blue/new"] });
  });

  it("say nothing of a place where they may not be listed but that", async () => {
    const { accounts, unlisted } = await choicesIn("narrow/default", "narrow/apps");
    expect(accounts.map(({ name, missingIn }) => [name, missingIn])).toEqual([
      ["default", []],
      ["builder", []],
    ]);
    expect(unlisted).toMatchObject([
      { context: "narrow", namespace: "default", error: { code: "kubernetes.forbidden" } },
    ]);
  });
});
