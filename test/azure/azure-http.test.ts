import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { Agent } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createAzureHttp, type AzureRequest } from "../../src/azure/azure-http.ts";
import { createCertificateAuthority } from "../../src/sandbox/certificate-authority.ts";
import { ScriptedServer } from "../scripted-server.ts";

const signal = AbortSignal.timeout(30_000);
const servers: Server[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) server.close();
});

async function listening(server: Server): Promise<number> {
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const request = { method: "GET", url: "https://arm.stack.example/x", repeatable: false } as const;

describe("a request", () => {
  test("is never sent without TLS", async () => {
    const insecure: AzureRequest = { ...request, url: "http://arm.stack.example/x" };
    await expect(createAzureHttp({ variables: {} }).send(insecure, signal)).rejects.toThrow("without TLS");
  });

  test("goes by the proxy that the environment names", async () => {
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on("connect", ({ url = "" }, socket) => {
      asked.push(url);
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    });
    const variables = { HTTPS_PROXY: `http://127.0.0.1:${await listening(proxy)}` };
    await createAzureHttp({ variables })
      .send(request, signal)
      .catch(() => {});
    expect(asked).toEqual(["arm.stack.example:443"]);
  });

  test.each(["*", "0.0.0.0", "0.0.0.0/8"])(
    "goes past the proxy where NO_PROXY is %j, as those to registries and clusters do",
    async (noProxy) => {
      const server = new ScriptedServer(await (await createCertificateAuthority()).issue());
      await server.start();
      const variables = { HTTPS_PROXY: "http://127.0.0.1:1", NO_PROXY: noProxy };
      const asked = { ...request, url: `https://0.0.0.0:${server.port}/x` };
      // The proxy would refuse the connection. The server itself has a certificate that nobody trusts.
      await expect(createAzureHttp({ variables }).send(asked, signal)).rejects.toMatchObject({
        failure: "untrusted-certificate",
      });
      await server.stop();
    },
  );

  test("is not sent to a server that cannot prove its name, even if Node was told not to verify", async () => {
    const impostor = new ScriptedServer(await (await createCertificateAuthority()).issue());
    await impostor.start();
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    try {
      const asked = { ...request, url: `https://localhost:${impostor.port}/x` };
      await expect(createAzureHttp({ variables: {} }).send(asked, signal)).rejects.toMatchObject({
        failure: "untrusted-certificate",
      });
      expect(impostor.requests).toEqual([]);
    } finally {
      await impostor.stop();
    }
  });

  test("says whose it is and which, and goes nowhere else than it was sent to", async () => {
    const authority = await createCertificateAuthority();
    const server = new ScriptedServer(await authority.issue());
    await server.start();
    server.script({ status: 307, headers: { location: "/elsewhere" } });
    try {
      const http = createAzureHttp({ variables: {}, agent: new Agent({ ca: authority.certificate }) });
      const answer = await http.send({ ...request, url: `https://localhost:${server.port}/x` }, signal);
      expect(answer.status).toBe(307);
      expect(server.requests.map(({ path }) => path)).toEqual(["/x"]);
      expect(server.requests[0]?.headers).toMatchObject({
        "user-agent": expect.stringMatching(/^acr-pull /),
        "x-ms-client-request-id": expect.stringMatching(/^[\da-f-]{36}$/),
      });
    } finally {
      await server.stop();
    }
  });

  test("given up before it starts is not sent", async () => {
    const reason = new Error("enough");
    await expect(createAzureHttp({ variables: {} }).send(request, AbortSignal.abort(reason))).rejects.toThrow(
      reason,
    );
  });
});
