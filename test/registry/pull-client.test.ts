import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UnsecuredJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { PullProof } from "../../src/core/ports.ts";
import { PullClient } from "../../src/registry/pull-client.ts";
import { createCertificateAuthority } from "../../src/sandbox/certificate-authority.ts";
import { reset, ScriptedServer, type Answer } from "../scripted-server.ts";
import { TrustingProcess } from "../trusting-process.ts";
import type { PullCall } from "./pull-process.ts";

let folder: string;
let registry: ScriptedServer;
let elsewhere: ScriptedServer;
let puller: TrustingProcess;
let loginServer: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "acr-pull-registry-"));
  const authority = await createCertificateAuthority();
  const identity = await authority.issue("registry.test");
  registry = new ScriptedServer(identity);
  elsewhere = new ScriptedServer(identity);
  await Promise.all([registry.start(), elsewhere.start()]);
  loginServer = `localhost:${registry.port}`;
  const caPath = join(folder, "ca.pem");
  await writeFile(caPath, authority.certificate);
  puller = await TrustingProcess.start(new URL("pull-process.ts", import.meta.url), {
    NODE_EXTRA_CA_CERTS: caPath,
    NO_PROXY: "",
    no_proxy: "",
  });
});
afterAll(async () => {
  await Promise.all([puller.stop(), registry.stop(), elsewhere.stop()]);
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  registry.script();
  elsewhere.script();
});

const app = { repository: "team/app" };

function pull(more: Partial<PullCall> = {}): Promise<unknown> {
  return puller.call({ loginServer, image: app, ...more });
}

function token(...access: object[]): Answer {
  return { status: 200, json: { access_token: new UnsecuredJWT({ access }).encode() } };
}

const pullsApp = { type: "repository", name: "team/app", actions: ["pull"] };

function refusal(status: number, code: string, message: string): Answer {
  return {
    status,
    json: { errors: [{ code, message, detail: null }] },
    headers: { "X-Ms-Correlation-Request-Id": "correlation-1" },
  };
}

describe("a pull", () => {
  test("asks for a token as a node does, and is allowed when it holds the right", async () => {
    registry.script(token(pullsApp));
    expect(await pull({ username: "app-id", password: "pass:word" })).toEqual({ kind: "allowed" });
    const [request] = registry.requests;
    expect(request).toMatchObject({ method: "GET", path: "/oauth2/token" });
    expect(Object.fromEntries(request?.query ?? [])).toEqual({
      service: loginServer,
      scope: "repository:team/app:pull",
    });
    expect(request?.headers.authorization).toBe(
      `Basic ${Buffer.from("app-id:pass:word").toString("base64")}`,
    );
  });

  test("of a tag asks for its manifest in every form there is", async () => {
    registry.script(token(pullsApp), { status: 200 });
    expect(await pull({ image: { ...app, tag: "v1" } })).toEqual({ kind: "allowed" });
    const request = registry.requests[1];
    expect(request).toMatchObject({ method: "HEAD", path: "/v2/team/app/manifests/v1" });
    expect(request?.headers.authorization).toMatch(/^Bearer ey/);
    expect(request?.headers.accept?.split(", ")).toHaveLength(4);
  });

  test.each([
    ["nothing", []],
    ["another repository", [{ ...pullsApp, name: "team/app2" }]],
    ["another action", [{ ...pullsApp, actions: ["push", "metadata_read"] }]],
    ["another type", [{ ...pullsApp, type: "registry" }]],
    ["something of another form", [{ ...pullsApp, actions: "pull" }, 7]],
  ])("is not proven by a token that holds %s", async (_what, access) => {
    registry.script(token(...(access as object[])));
    expect(await pull()).toMatchObject({ kind: "no-pull-scope" });
  });

  test("is not proven by a token that cannot be read", async () => {
    registry.script({ status: 200, json: { access_token: "opaque" } });
    expect(await pull()).toMatchObject({ kind: "no-pull-scope" });
  });

  test("of a missing tag says that the image is missing", async () => {
    registry.script(token(pullsApp), { status: 404 });
    expect(await pull({ image: { ...app, tag: "v2" } })).toEqual({
      kind: "image-missing",
      reason: "the registry has no image team/app:v2",
    });
  });

  test("with a credential that is not accepted gives the registry's reason", async () => {
    registry.script(refusal(401, "UNAUTHORIZED", "Invalid clientid or client secret."));
    expect(await pull()).toEqual({ kind: "refused", reason: "Invalid clientid or client secret." });
  });

  test("does not repeat of a reason what holds the password", async () => {
    registry.script(refusal(401, "UNAUTHORIZED", "bad password s3cr3t-s3cr3t"));
    expect(await pull({ password: "s3cr3t-s3cr3t" })).toEqual({
      kind: "refused",
      reason: "bad password (omitted: it repeats a secret)",
    });
  });

  test("that fails names no code but one of the form of a code", async () => {
    registry.script(refusal(400, "you sent Basic x", "No."), refusal(400, "NAME_INVALID", "No."));
    expect(await pull()).toMatchObject({ message: expect.stringMatching(/ with 400: "No\."\.$/) });
    expect(await pull()).toMatchObject({
      message: expect.stringMatching(/ with 400 NAME_INVALID: "No\."\.$/),
    });
  });

  test("that the network rules refuse says which address to allow, and the way without the registry", async () => {
    const text =
      "client with IP '203.0.113.7' is not allowed access. Refer https://aka.ms/acr/firewall to grant access.";
    registry.script(refusal(403, "DENIED", text));
    expect(await pull()).toMatchObject({
      code: "registry.firewall",
      exitCode: 2,
      message: expect.stringContaining("203.0.113.7"),
      hint: expect.stringContaining("--proof entra"),
      requestId: "correlation-1",
    });
  });

  test.each<[string, Answer]>([
    ["a reset", reset],
    ["a 503", { status: 503 }],
    ["a 429", { status: 429, headers: { "Retry-After": "0" } }],
  ])("is tried again after %s", async (_what, answer) => {
    registry.script(answer, token(pullsApp));
    expect(await pull()).toEqual({ kind: "allowed" });
  });

  test("gives up on a registry that asks for more patience than there is", async () => {
    registry.script({ status: 429, headers: { "Retry-After": "3600" } });
    expect(await pull()).toMatchObject({ code: "registry.throttled", retryable: true });
    expect(registry.requests).toHaveLength(1);
  });

  test.each([301, 302, 303, 307, 308])("takes no credential to where a %i points", async (status) => {
    registry.script({ status, headers: { Location: `https://localhost:${elsewhere.port}/oauth2/token` } });
    expect(await pull()).toMatchObject({ code: "registry.failed" });
    expect(elsewhere.requests).toEqual([]);
  });

  test("takes no credential to a realm that a challenge names", async () => {
    const challenge = `Bearer realm="https://localhost:${elsewhere.port}/oauth2/token",service="x"`;
    registry.script({ status: 401, headers: { "WWW-Authenticate": challenge } }, token(pullsApp), {
      status: 401,
      headers: { "WWW-Authenticate": challenge },
    });
    expect(await pull()).toMatchObject({ kind: "refused" });
    expect(await pull({ image: { ...app, tag: "v1" } })).toMatchObject({ kind: "no-pull-scope" });
    expect(elsewhere.requests).toEqual([]);
  });

  test("connects anew each time, to meet another front end", async () => {
    const before = registry.connections;
    registry.script(token(pullsApp), { status: 200 }, token(pullsApp), { status: 200 });
    await pull({ image: { ...app, tag: "v1" } });
    await pull({ image: { ...app, tag: "v1" } });
    expect(registry.connections - before).toBe(2);
  });

  test("goes through the proxy that HTTPS_PROXY names, which sees neither credential nor token", async () => {
    const seen: string[] = [];
    const proxy = createServer().on("connect", (request, socket, head) => {
      seen.push(request.url ?? "", JSON.stringify(request.headers));
      const upstream = connect(registry.port, "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        upstream.write(head);
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on("error", () => socket.destroy());
      socket.on("error", () => upstream.destroy());
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const { port } = proxy.address() as AddressInfo;
    registry.script(token(pullsApp));
    const named = { loginServer: "registry.test", proxy: `127.0.0.1:${port}` };
    expect(await pull(named)).toEqual({ kind: "allowed" });
    expect(seen[0]).toBe("registry.test:443");
    expect(seen[1]).not.toMatch(/authorization/i);
    proxy.close();
  });

  test.each([
    "registry.test/path",
    "user@registry.test",
    "https://registry.test",
    "registry.test:0",
    "10.0.0.1",
    "",
  ])("of the login server %j is refused before anything is sent", async (host) => {
    expect(await pull({ loginServer: host })).toMatchObject({
      code: "registry.bad-login-server",
      exitCode: 2,
    });
  });
});

describe("a look at the registry", () => {
  test.each([401, 200])("finds it when it answers %i", async (status) => {
    registry.script({ status });
    expect(await puller.call({ loginServer })).toBe("reachable");
    expect(registry.requests[0]).toMatchObject({ method: "GET", path: "/v2/" });
    expect(registry.requests[0]?.headers.authorization).toBeUndefined();
  });

  test("tells its firewall from a server that is no registry", async () => {
    registry.script(refusal(403, "DENIED", "client with IP '::1' is not allowed access."), { status: 404 });
    expect(await puller.call({ loginServer })).toMatchObject({ code: "registry.firewall" });
    expect(await puller.call({ loginServer })).toMatchObject({ code: "registry.failed", status: 404 });
  });

  test("says when nobody listens", async () => {
    const gone = new ScriptedServer();
    await gone.start();
    const { port } = gone;
    await gone.stop();
    expect(await puller.call({ loginServer: `localhost:${port}` })).toMatchObject({
      code: "registry.unreachable",
      exitCode: 1,
      retryable: true,
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });
});

test("a certificate that is not trusted is named, and nothing is sent, even if Node was told not to verify", async () => {
  const client: PullProof = new PullClient({ variables: {} });
  const unverified = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  try {
    await expect(client.checkReachable(loginServer, new AbortController().signal)).rejects.toMatchObject({
      code: "registry.untrusted-certificate",
      hint: expect.stringContaining("NODE_EXTRA_CA_CERTS"),
    });
  } finally {
    if (unverified === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = unverified;
  }
  expect(registry.requests).toEqual([]);
});

describe("what an image can run on", () => {
  const image = { repository: "team/app", tag: "v1" };
  const ask = () => puller.call({ loginServer, image, platforms: true });
  const config = { digest: `sha256:${"a".repeat(64)}` };

  test("stands in its index, without the attestations beside the images", async () => {
    const of = (os: string, architecture: string) => ({ platform: { os, architecture } });
    const manifests = [of("linux", "amd64"), of("linux", "arm64"), of("unknown", "unknown"), {}];
    registry.script(token(pullsApp), { status: 200, json: { schemaVersion: 2, manifests } });
    expect(await ask()).toEqual(["linux/amd64", "linux/arm64"]);
  });

  test("stands in the configuration of its only manifest, kept elsewhere and fetched without any credential", async () => {
    registry.script(
      token(pullsApp),
      { status: 200, json: { schemaVersion: 2, config } },
      { status: 307, headers: { location: `https://localhost:${elsewhere.port}/blob?signature=x` } },
    );
    elsewhere.script({ status: 200, json: { os: "linux", architecture: "arm64" } });
    expect(await ask()).toEqual(["linux/arm64"]);
    expect(elsewhere.requests.at(-1)).toMatchObject({ path: "/blob" });
    expect(elsewhere.requests.at(-1)?.headers).not.toHaveProperty("authorization");
  });

  test.each([
    ["there is no such image", { status: 404, json: {} }],
    ["the manifest names no configuration", { status: 200, json: { schemaVersion: 2 } }],
    ["the manifest's configuration is no digest", { status: 200, json: { config: { digest: "../x" } } }],
  ])("is not known where %s", async (_name, answer) => {
    registry.script(token(pullsApp), answer);
    expect(await ask()).toBeUndefined();
  });

  test("is not known where the configuration would be sent without TLS", async () => {
    registry.script(
      token(pullsApp),
      { status: 200, json: { config } },
      { status: 307, headers: { location: "http://localhost:1/blob" } },
    );
    expect(await ask()).toBeUndefined();
  });
});
