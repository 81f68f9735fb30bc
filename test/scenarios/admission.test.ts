import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SecretDenial } from "../../src/sandbox/world.ts";
import { runSafely } from "../canary.ts";
import { setup } from "../program.ts";
import { setUp } from "./already-set-up.ts";

type Denial = Omit<SecretDenial, "namespace">;

const webhooks: readonly Denial[] = [
  {},
  { webhook: { code: 401 } },
  { webhook: { code: 401, reason: "Unauthorized" } },
  { webhook: { code: 403 } },
  { webhook: { code: 403, reason: "Forbidden" } },
  { webhook: { code: 404, reason: "NotFound" } },
  { webhook: { code: 408 } },
  { webhook: { code: 409, reason: "Conflict" } },
  { webhook: { code: 409, reason: "AlreadyExists" } },
  { webhook: { code: 422, reason: "Invalid" } },
  { webhook: { code: 429, reason: "TooManyRequests", retryAfterSeconds: 120 } },
];
const policies: readonly Denial[] = [
  { policy: "Invalid" },
  { policy: "Forbidden" },
  { policy: "RequestEntityTooLarge" },
];
const denials = [...webhooks, ...policies];

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({
    clusters: [
      {
        context: "sandbox",
        namespaces: ["kube-system", "free", ...denials.map((_, index) => `denied-${index}`)],
      },
    ],
  });
  setUp(sandbox, { namespaces: ["free"] });
  sandbox.world.clusters[0]!.denials.push(
    ...denials.map((denial, index) => ({ ...denial, namespace: `denied-${index}` })),
  );
});
afterAll(() => sandbox.close());

const attemptsIn = (namespace: string) =>
  sandbox.requests.entries.filter(
    ({ path, method }) => path.includes(`/namespaces/${namespace}/secrets`) && method !== "GET",
  );

describe("a secret that admission refuses", () => {
  test("is told as that, whatever the code, and asked for once", async () => {
    const names = denials.map((_, index) => `denied-${index}`);
    const run = await setup(
      sandbox,
      ["free", ...names].flatMap((name) => ["-n", name]),
    );
    expect([run.code, run.json.error.code], run.stderr).toEqual([4, "setup.incomplete"]);
    for (const [index, { policy }] of denials.entries()) {
      const { error } = run.json.secrets.find(
        ({ namespace }: { namespace: string }) => namespace === `denied-${index}`,
      );
      const by = policy
        ? "the ValidatingAdmissionPolicy platform-secrets"
        : "the admission webhook validation.sandbox.example";
      expect(error).toEqual({
        code: "kubernetes.forbidden",
        message: expect.stringContaining("managed by the platform team"),
        hint: `The user has the right, but ${by} of the cluster denied the request: ask its administrator why.`,
      });
    }
    // One create and one patch, both only rehearsed.
    for (const name of names)
      expect(
        attemptsIn(name)
          .map(({ method }) => method)
          .sort(),
      ).toEqual(["PATCH", "POST"]);
  });

  test.each(
    [webhooks[7], webhooks[10], policies[2]].map((denial) => [JSON.stringify(denial), denial] as const),
  )("keeps rotate from making a key (%s)", async (_, denial) => {
    const cluster = sandbox.world.clusters[0]!;
    cluster.denials.push({ ...denial, namespace: "free" });
    try {
      const before = sandbox.requests.mutating().length;
      const run = await runSafely(sandbox, ["rotate", "-y", "-o", "json"]);
      expect([run.code, run.json.error.code], run.stderr).toEqual([2, "rotate.holder-unwritable"]);
      expect(run.json.error.message).toContain("managed by the platform team");
      expect(sandbox.requests.mutating()).toHaveLength(before);
    } finally {
      cluster.denials.pop();
    }
  });
});
