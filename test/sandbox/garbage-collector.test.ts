import { expect, test, vi } from "vitest";
import { inProcessKubernetes, pullSecret, secretsPath } from "./in-process-kubernetes.ts";

const configMaps = "/api/v1/namespaces/awesomeapps/configmaps";
const owner = { apiVersion: "v1", kind: "ConfigMap", name: "owner" };

type Ask = ReturnType<typeof inProcessKubernetes>["ask"];

function owned(uid: unknown, fields: Record<string, unknown> = {}): Record<string, unknown> {
  const metadata = { name: "n", ownerReferences: [{ ...owner, uid, ...fields }] };
  return pullSecret("n", { metadata });
}

async function newOwner(ask: Ask): Promise<unknown> {
  const { body } = await ask("POST", configMaps, { metadata: { name: "owner" } });
  return body.metadata.uid;
}

const statusOf = async (ask: Ask, path: string): Promise<number> => (await ask("GET", path)).status;

test("an object whose owner is not there goes, a moment later", async () => {
  const { ask } = inProcessKubernetes();
  expect((await ask("POST", secretsPath, owned("11111111-2222-4333-8444-555555555555"))).status).toBe(201);
  expect(await statusOf(ask, `${secretsPath}/n`)).toBe(200);
  await vi.waitFor(async () => expect(await statusOf(ask, `${secretsPath}/n`)).toBe(404));
});

test("an object goes with its owner", async () => {
  const { ask } = inProcessKubernetes();
  await ask("POST", secretsPath, owned(await newOwner(ask)));
  await ask("DELETE", `${configMaps}/owner`);
  await vi.waitFor(async () => expect(await statusOf(ask, `${secretsPath}/n`)).toBe(404));
});

test("an owner that leaves orphans is there until they know of it no more", async () => {
  const { ask } = inProcessKubernetes();
  await ask("POST", secretsPath, owned(await newOwner(ask)));
  const { body } = await ask("DELETE", `${configMaps}/owner?propagationPolicy=Orphan`);
  expect(body.metadata).toMatchObject({ finalizers: ["orphan"], deletionGracePeriodSeconds: 0 });
  await vi.waitFor(async () => expect(await statusOf(ask, `${configMaps}/owner`)).toBe(404));
  const { body: orphan } = await ask("GET", `${secretsPath}/n`);
  expect(orphan.metadata).not.toHaveProperty("ownerReferences");
});

test("an owner that is deleted in the foreground goes after what it owns", async () => {
  const { ask } = inProcessKubernetes();
  await ask("POST", secretsPath, owned(await newOwner(ask), { blockOwnerDeletion: true }));
  await ask("DELETE", `${configMaps}/owner`, { propagationPolicy: "Foreground" });
  await vi.waitFor(async () => expect(await statusOf(ask, `${configMaps}/owner`)).toBe(404));
  expect(await statusOf(ask, `${secretsPath}/n`)).toBe(404);
});
