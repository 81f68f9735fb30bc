import { expect, it } from "vitest";
import { onEachCluster } from "./on-each-cluster.ts";

const path = (namespace: string) => `/api/v1/namespaces/${namespace}/secrets`;

/** The token of a list that continues, with another resource version. */
function continuedAt(token: string, version: (now: number) => number): string {
  const read = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
  return Buffer.from(JSON.stringify({ ...read, rv: version(read.rv) })).toString("base64url");
}

const tooLarge = {
  kind: "Status",
  reason: "Timeout",
  message: expect.stringContaining("Too large resource version") as string,
  details: {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  },
};

const nested = (depth: number) => `{"other":${'{"a":'.repeat(depth - 2)}{}${"}".repeat(depth - 1)}`;

onEachCluster((open) => {
  it("takes a docker config that is nested as deep as Go reads, and no deeper one", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    const secret = (name: string, depth: number) => ({
      metadata: { name },
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": Buffer.from(nested(depth)).toString("base64") },
    });
    const deepest = await scenario.cluster.api("POST", path(namespace), secret("deepest", 10_000));
    expect([deepest.status, deepest.body.message]).toEqual([201, undefined]);
    const deeper = await scenario.cluster.api("POST", path(namespace), secret("deeper", 10_001));
    expect([deeper.status, deeper.body.message]).toEqual([
      422,
      `Secret "deeper" is invalid: data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": invalid character '{' exceeded max depth`,
    ]);
  });

  it("answers a list that began at a replica ahead of this one with a timeout, not as empty", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    for (const name of ["one", "two"]) await scenario.addSecret({ name, namespace });
    const first = await scenario.cluster.api("GET", `${path(namespace)}?limit=1`);
    const ahead = continuedAt(first.body.metadata.continue, (now) => now + 1_000_000);
    const next = await scenario.cluster.api("GET", `${path(namespace)}?limit=1&continue=${ahead}`);
    expect([next.status, next.body]).toMatchObject([504, tooLarge]);
  });

  it("answers a list that is to show a later version than there is with a timeout, not with what there is", async (test) => {
    const scenario = await open(test);
    const namespace = await scenario.namespace();
    const now = (await scenario.cluster.api("GET", path(namespace))).body.metadata.resourceVersion;
    const asked = `resourceVersion=${Number(now) + 1_000_000}`;
    for (const match of ["Exact", "NotOlderThan"]) {
      const { status, body } = await scenario.cluster.api(
        "GET",
        `${path(namespace)}?${asked}&resourceVersionMatch=${match}`,
      );
      expect([match, status, body]).toMatchObject([match, 504, tooLarge]);
    }
  });
});
