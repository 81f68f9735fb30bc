import { once } from "node:events";
import { mkdtemp, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { issueToken } from "../../src/sandbox/entra/token.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { runSafely } from "../canary.ts";

const setup = ["setup", "--registry", "myregistry", "-n", "awesomeapps", "-y", "-o", "json"];

let sandbox: Sandbox;
const servers: Server[] = [];
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(async () => {
  await sandbox.close();
  for (const server of servers) server.close();
});

async function listening(server: Server, host: string): Promise<number> {
  servers.push(server.listen(0, host));
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/**
 * The variables of a machine whose managed identity is the sandbox's caller.
 * Source: https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
async function machine(answer: (resource: string) => Promise<readonly [number, object]>) {
  const endpoint = createServer(
    (request, response) =>
      void (async () => {
        const { searchParams } = new URL(request.url ?? "", "http://endpoint");
        const [status, body] = await answer(searchParams.get("resource") ?? "");
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      })(),
  );
  return {
    AZURE_CLIENT_ID: undefined,
    AZURE_CLIENT_SECRET: undefined,
    AZURE_TENANT_ID: undefined,
    // An address of this machine for which no proxy is skipped.
    IDENTITY_ENDPOINT: `http://0.0.0.0:${await listening(endpoint, "0.0.0.0")}/msi/token`,
    IDENTITY_HEADER: "the-header-of-the-endpoint",
  };
}

async function tokenFor(audience: string): Promise<readonly [number, object]> {
  const { world } = sandbox;
  const record = world.servicePrincipals.find(({ appId }) => appId === world.caller.appId)!;
  const token = await issueToken(world, { audience, subject: { kind: "service-principal", record } });
  const inAnHour = String(Math.floor(Date.now() / 1000) + 3600);
  return [200, { access_token: token, expires_on: inAnHour, resource: audience, token_type: "Bearer" }];
}

describe("a managed identity", () => {
  test("signs setup in past every proxy, because its tokens arrive without TLS", async () => {
    const seen: string[] = [];
    const proxy = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      response.writeHead(502).end();
    }).on("connect", (request, socket) => {
      seen.push(`CONNECT ${request.url}`);
      socket.destroy();
    });
    const address = `http://127.0.0.1:${await listening(proxy, "127.0.0.1")}`;
    const env = {
      ...(await machine(tokenFor)),
      HTTPS_PROXY: address,
      HTTP_PROXY: address,
      ALL_PROXY: address,
    };
    const run = await runSafely(sandbox, setup, { env, secrets: [env.IDENTITY_HEADER] });
    expect(seen).toEqual([]);
    expect(run.code, run.stderr).toBe(0);
  });

  test("that is refused names the sign-in by the Azure CLI", async () => {
    const refusal = { error: "invalid_request", error_description: "Identity not found" };
    const env = await machine(async () => [400, refusal]);
    // In a process of its own, because the library keeps tokens of managed identities for as long as a process lives.
    const started = () => {};
    const run = await runSafely(sandbox, [...setup, "--auth", "managed-identity"], { env, started });
    expect([run.code, run.json.error]).toMatchObject([
      3,
      { code: "azure.not-signed-in", hint: expect.stringContaining("--auth cli") },
    ]);
  });

  test("of Cloud Shell gives way to its Azure CLI", async () => {
    const env = await machine(async () => [400, {}]);
    const az = await mkdtemp(join(sandbox.folder, "path-"));
    await writeFile(join(az, "az"), "#!/bin/sh\necho 'ERROR: az was asked' >&2; exit 1\n", { mode: 0o700 });
    const run = await runSafely(sandbox, setup, { env: { ...env, ACC_CLOUD: "PROD", PATH: az } });
    expect([run.code, run.json.error.message]).toEqual([3, expect.stringContaining("az was asked")]);
  });
});
