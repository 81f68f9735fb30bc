import { afterAll, beforeAll, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { TrustingProcess } from "../trusting-process.ts";
import type { SdkCall } from "./azure-sdk-process.ts";

let sandbox: Sandbox;
let sdk: TrustingProcess;

beforeAll(async () => {
  sandbox = await startSandbox({ pageSize: 1, applications: [{ displayName: "second" }] });
  const trust = { NODE_EXTRA_CA_CERTS: sandbox.caPath };
  sdk = await TrustingProcess.start(new URL("azure-sdk-process.ts", import.meta.url), trust);
});

afterAll(async () => {
  await sdk.stop();
  await sandbox.close();
});

function call(input: Pick<SdkCall, "path"> & Partial<SdkCall>): Promise<unknown> {
  const { azureUrl, tenantId } = sandbox.world;
  return sdk.call({ azureUrl, tenantId, ...input });
}

function asCaller(input: Pick<SdkCall, "path"> & Partial<SdkCall>): Promise<unknown> {
  const { appId, secretText } = sandbox.world.caller;
  return call({ client: { id: appId, secret: secretText }, ...input });
}

it("lets Microsoft's clients sign in, register an application and give it a password", async () => {
  const body = { displayName: "by sdk", uniqueName: "by-sdk" };
  const made = (await asCaller({ method: "post", path: "/applications", body })) as { id: string };
  expect(made).toMatchObject(body);
  const added = await asCaller({ method: "post", path: `/applications/${made.id}/addPassword`, body: {} });
  expect(added).toMatchObject({ secretText: expect.stringContaining("8Q~") });
  const list = await asCaller({
    path: "/applications?$filter=startswith(displayName,'by') and tags/any(t:t eq 'x')",
  });
  expect(list).toMatchObject({ value: [] });
});

it("gives them its errors with code and request id, and pages with a link that they can follow", async () => {
  expect(await asCaller({ path: "/applications/nobody" })).toMatchObject({
    statusCode: 404,
    code: "Request_ResourceNotFound",
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  const first = (await asCaller({ path: "/applications?$select=displayName" })) as Record<string, unknown>;
  expect(first["value"]).toEqual([{ displayName: "sandbox-caller" }]);
  const second = await asCaller({ path: String(first["@odata.nextLink"]) });
  expect(second).toMatchObject({ value: [{ displayName: "second" }] });
});

it("signs a person in by device code", async () => {
  expect(await call({ path: "/me" })).toMatchObject({ userPrincipalName: "ada@sandbox.example" });
});

it("refuses a wrong secret with the number that clients hide in their message", async () => {
  const client = { id: sandbox.world.caller.appId, secret: "wrong" };
  expect(await call({ client, path: "/applications" })).toMatchObject({
    code: "AuthenticationRequiredError",
    message: expect.stringContaining("AADSTS7000215"),
  });
});
