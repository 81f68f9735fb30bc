import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { runSafely } from "../canary.ts";
import { setUp } from "./already-set-up.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({
    clusters: [
      {
        context: "sandbox",
        users: [{ context: "limited", rules: [{ verbs: ["get", "list"], resources: ["secrets"] }] }],
      },
    ],
  });
  setUp(sandbox);
});
afterAll(() => sandbox.close());

/** The sandbox's kubeconfig, with another way for its users to sign in. */
async function signingInBy(user: object): Promise<string> {
  const kubeconfig = JSON.parse(await readFile(sandbox.kubeconfigPath, "utf8"));
  const users = kubeconfig.users.map(({ name }: { name: string }) => ({ name, user }));
  const path = join(sandbox.folder, "kubeconfig of nobody");
  await writeFile(path, JSON.stringify({ ...kubeconfig, users }));
  return path;
}

describe("a kubeconfig whose user brings the cluster no credential", () => {
  test.each([
    "setup --registry myregistry -n awesomeapps -y",
    "setup --registry myregistry -n awesomeapps --dry-run",
    "rotate -y",
    "rotate --dry-run",
    "verify --registry myregistry",
    "status",
    "remove --registry myregistry -y",
    "remove --registry myregistry --dry-run",
  ])("ends %s as not signed in, and nothing is written", async (command) => {
    const before = sandbox.requests.mutating().length;
    const run = await runSafely(sandbox, [...command.split(" "), "-o", "json"], {
      env: { KUBECONFIG: await signingInBy({}) },
    });
    expect([run.code, run.json.error]).toMatchObject([3, { code: "kubernetes.unauthorized" }]);
    expect(run.json.error.message).toContain("system:anonymous");
    expect(run.json.error.hint).toContain("kubectl --context sandbox config view --minify");
    expect(run.stderr + run.stdout).not.toContain("create role");
    expect(sandbox.requests.mutating()).toHaveLength(before);
  });
});

test("a user whose scheme the cluster does not read is not signed in either", async () => {
  const run = await runSafely(sandbox, ["status", "-o", "json"], {
    env: { KUBECONFIG: await signingInBy({ username: "admin", password: "swordfish" }) },
  });
  expect([run.code, run.json.error.code]).toEqual([3, "kubernetes.unauthorized"]);
});

describe("a user who acts as another", () => {
  const userOf = (context: string) =>
    sandbox.world.clusters[0]!.users.find(({ name }) => name === `${context}-user`)!;

  test("has that one's rights", async () => {
    const env = { KUBECONFIG: await signingInBy({ token: userOf("sandbox").token, as: "limited-user" }) };
    const run = await runSafely(sandbox, ["rotate", "-y", "-o", "json"], { env });
    expect([run.code, run.json.error.message]).toEqual([
      2,
      expect.stringContaining('User \\"limited-user\\" cannot'),
    ]);
  });

  test("without the right to is told so, and not of the rights that were never looked at", async () => {
    const env = { KUBECONFIG: await signingInBy({ token: userOf("limited").token, as: "sandbox-user" }) };
    const run = await runSafely(sandbox, ["status", "-o", "json"], { env });
    expect([run.code, run.json.error]).toMatchObject([3, { code: "kubernetes.unauthorized" }]);
    expect(run.json.error.message).toContain('cannot impersonate resource \\"users\\"');
    expect(run.json.error.hint).toContain("the verb impersonate");
  });
});
