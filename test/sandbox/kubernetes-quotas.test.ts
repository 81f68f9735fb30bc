import { describe, expect, test, vi } from "vitest";
import {
  inProcessKubernetes,
  patchTypes,
  pullSecret,
  secretsPath,
  type InProcessKubernetes,
} from "./in-process-kubernetes.ts";

const quotasPath = "/api/v1/namespaces/awesomeapps/resourcequotas";

function clusterWithQuota(secretQuota: number): InProcessKubernetes {
  return inProcessKubernetes({ namespaces: [{ name: "awesomeapps", secretQuota }, "default"] });
}

function quota(hard: Record<string, unknown>, spec: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    apiVersion: "v1",
    kind: "ResourceQuota",
    metadata: { name: "mine" },
    spec: { hard, ...spec },
  };
}

describe("a namespace with a quota of secrets", () => {
  test("takes none too many, in a dry run neither, and changes of those it has", async () => {
    const { ask } = clusterWithQuota(1);
    expect((await ask("POST", secretsPath, pullSecret("one"))).status).toBe(201);
    for (const query of ["", "?dryRun=All"]) {
      const { status, body } = await ask("POST", secretsPath + query, pullSecret("two"));
      expect([status, body.reason, body.message, body.details]).toEqual([
        403,
        "Forbidden",
        'secrets "two" is forbidden: exceeded quota: object-counts, requested: secrets=1, used: secrets=1, limited: secrets=1',
        { name: "two", kind: "secrets" },
      ]);
    }
    expect((await ask("PUT", `${secretsPath}/one`, pullSecret("one"))).status).toBe(200);
    expect((await ask("POST", "/api/v1/namespaces/default/secrets", pullSecret("two"))).status).toBe(201);
  });

  test("shows what is used, at once when a secret comes, a moment later when one goes", async () => {
    const { ask } = clusterWithQuota(2);
    const status = async () => (await ask("GET", `${quotasPath}/object-counts`)).body.status;
    expect(await status()).toEqual({ hard: { secrets: "2" }, used: { secrets: "0" } });
    await ask("POST", `${secretsPath}?dryRun=All`, pullSecret("one"));
    expect((await status()).used).toEqual({ secrets: "0" });
    await ask("POST", secretsPath, pullSecret("one"));
    expect((await status()).used).toEqual({ secrets: "1" });
    await ask("DELETE", `${secretsPath}/one`);
    expect((await status()).used).toEqual({ secrets: "1" });
    await vi.waitFor(async () => expect((await status()).used).toEqual({ secrets: "0" }));
  });

  test("lists its quota with others of the cluster, and as kubectl's table", async () => {
    const { ask } = clusterWithQuota(3);
    for (const path of [quotasPath, "/api/v1/resourcequotas"]) {
      const { body } = await ask("GET", path);
      expect(body).toMatchObject({
        kind: "ResourceQuotaList",
        items: [{ metadata: { name: "object-counts", namespace: "awesomeapps" } }],
      });
    }
    expect((await ask("GET", "/api/v1/namespaces/default/resourcequotas")).body.items).toEqual([]);
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    const { body } = await ask("GET", quotasPath, undefined, { accept });
    expect(body.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual([
      "Name",
      "Request",
      "Limit",
      "Age",
    ]);
    expect(body.rows[0].cells.slice(0, 3)).toEqual(["object-counts", "secrets: 0/3", ""]);
  });

  test("has room again when its quota is raised or deleted", async () => {
    const { ask } = clusterWithQuota(0);
    const create = async (name: string) => (await ask("POST", secretsPath, pullSecret(name))).status;
    expect(await create("one")).toBe(403);
    const path = `${quotasPath}/object-counts`;
    const raised = { spec: { hard: { secrets: 1 } } };
    const { body } = await ask("PATCH", path, raised, { type: patchTypes.strategic });
    expect([body.spec.hard, body.status.hard]).toEqual([{ secrets: "1" }, { secrets: "0" }]);
    await vi.waitFor(async () => expect(await create("one")).toBe(201));
    expect(await create("two")).toBe(403);
    expect((await ask("DELETE", path)).body.kind).toBe("ResourceQuota");
    expect(await create("two")).toBe(201);
  });
});

describe("a quota that a client makes", () => {
  test("limits nothing until it was counted, then names every key that is full", async () => {
    const { ask } = inProcessKubernetes();
    const hard = { secrets: 1, "count/secrets": "1", pods: "5" };
    const { body } = await ask("POST", quotasPath, quota(hard));
    expect([body.spec.hard, body.status]).toEqual([{ "count/secrets": "1", pods: "5", secrets: "1" }, {}]);
    expect((await ask("POST", secretsPath, pullSecret("one"))).status).toBe(201);
    await vi.waitFor(async () => {
      const refused = await ask("POST", `${secretsPath}?dryRun=All`, pullSecret("two"));
      expect(refused.body.message).toBe(
        'secrets "two" is forbidden: exceeded quota: mine, requested: count/secrets=1,secrets=1, ' +
          "used: count/secrets=1,secrets=1, limited: count/secrets=1,secrets=1",
      );
    });
  });

  test.each([
    ["counts what the sandbox does not keep", quota({ "requests.cpu": "1" })],
    ["counts in fractions", quota({ secrets: "1500m" })],
    ["has scopes", quota({ pods: "1" }, { scopes: ["BestEffort"] })],
  ])("is not pretended to be kept when it %s", async (_what, body) => {
    const { ask } = inProcessKubernetes();
    expect((await ask("POST", quotasPath, body)).status).toBe(501);
    expect((await ask("GET", quotasPath)).body.items).toEqual([]);
  });

  test("is invalid with a limit below nothing", async () => {
    const { ask } = inProcessKubernetes();
    const { status, body } = await ask("POST", quotasPath, quota({ secrets: -1 }));
    expect([status, body.message]).toEqual([
      422,
      'ResourceQuota "mine" is invalid: spec.hard[secrets]: Invalid value: "-1": must be greater than or equal to 0',
    ]);
  });
});
