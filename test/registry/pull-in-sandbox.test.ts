import { afterAll, beforeAll, expect, test } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { TrustingProcess } from "../trusting-process.ts";
import type { PullCall } from "./pull-process.ts";

const applications = [
  { displayName: "puller", passwords: [{ secretText: "puller-secret" }], roles: [{ role: "AcrPull" }] },
  { displayName: "nobody", passwords: [{ secretText: "nobody-secret" }] },
];
const registries = [
  { name: "legacy" },
  { name: "abaconly", mode: "abac" as const },
  { name: "walled", firewalled: true },
];

let sandbox: Sandbox;
let puller: TrustingProcess;
beforeAll(async () => {
  sandbox = await startSandbox({ applications, registries });
  puller = await TrustingProcess.start(new URL("pull-process.ts", import.meta.url), {
    NODE_EXTRA_CA_CERTS: sandbox.caPath,
  });
});
afterAll(async () => {
  await puller.stop();
  await sandbox.close();
});

function call(registry: string, application?: string, more: Partial<PullCall> = {}): Promise<unknown> {
  const { loginServer } = sandbox.world.registries.find(({ name }) => name === registry) ?? {};
  if (loginServer === undefined) throw new Error(`no registry ${registry}`);
  const found = sandbox.world.applications.find(({ displayName }) => displayName === application);
  const who = found ? { username: found.appId, password: found.passwords[0]?.secretText ?? "" } : {};
  return puller.call({ loginServer, ...who, ...more } satisfies PullCall);
}

const image = { repository: "my-awesome-app", tag: "v1" };

test("a principal with AcrPull pulls from a registry in legacy mode", async () => {
  expect(await call("legacy", "puller", { image })).toEqual({ kind: "allowed" });
});

test("an image that is not there is missing, not refused", async () => {
  expect(await call("legacy", "puller", { image: { ...image, tag: "v2" } })).toMatchObject({
    kind: "image-missing",
  });
  expect(await call("legacy", "puller", { image: { repository: "other", tag: "v1" } })).toMatchObject({
    kind: "image-missing",
  });
});

test("AcrPull gives nothing on a registry in ABAC mode", async () => {
  expect(await call("abaconly", "puller", { image })).toMatchObject({
    kind: expect.stringMatching(/^(refused|no-pull-scope)$/),
  });
});

test.each([
  ["no role", "nobody", {}],
  ["a wrong password", "puller", { password: "wrong-secret" }],
  ["an unknown application", undefined, { username: "00000000-0000-4000-8000-000000000000" }],
])("a principal with %s is refused, with the registry's reason", async (_what, application, more) => {
  expect(await call("legacy", application, { image, ...more })).toMatchObject({
    kind: "refused",
    reason: expect.stringMatching(/\w{4}/),
  });
});

test("a registry behind a firewall is told before and while pulling", async () => {
  expect(await call("walled")).toMatchObject({ code: "registry.firewall", exitCode: 2 });
  expect(await call("walled", "puller", { image })).toMatchObject({ code: "registry.firewall" });
  expect(await call("legacy")).toBe("reachable");
});
