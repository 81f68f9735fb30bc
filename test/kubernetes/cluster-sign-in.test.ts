import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { UnsecuredJWT } from "jose";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { WritableCluster } from "../../src/core/ports.ts";
import { createCluster } from "../../src/kubernetes/cluster-client.ts";
import { readEntries } from "../../src/kubernetes/kubeconfig-file.ts";
import { Kubeconfig } from "../../src/kubernetes/kubeconfig.ts";
import { createCertificateAuthority } from "../../src/sandbox/certificate-authority.ts";
import { ScriptedServer } from "../scripted-server.ts";
import { ok } from "./stub-api-server.ts";

const signal = AbortSignal.timeout(30_000);
let folder: string;
let server: ScriptedServer;
let certificate: string;
const closing: Array<() => void> = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "acr-pull-sign-in-"));
  const authority = await createCertificateAuthority();
  certificate = authority.certificate;
  server = new ScriptedServer(await authority.issue());
  await server.start();
});
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** A cluster whose kubeconfig, in the test's folder, says this about it and its user. */
function cluster(
  fields: Record<string, unknown>,
  user: Record<string, unknown>,
  variables: Record<string, string> = {},
): WritableCluster {
  const name = "stub";
  const kubeconfig = {
    clusters: [{ name, cluster: { server: `https://localhost:${server.port}`, ...fields } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
  };
  return createCluster(new Kubeconfig(readEntries(kubeconfig, folder), variables), name);
}

const read = (from: WritableCluster) => from.findSecret("apps", "acr-secret", signal);

describe("signing in to a cluster", () => {
  test("believes the authority that the kubeconfig holds before the one that it names, as kubectl does", async () => {
    await writeFile(join(folder, "ca.crt"), "no certificate");
    const both = { "certificate-authority": "ca.crt", "certificate-authority-data": base64(certificate) };
    server.script(ok({ metadata: {} }));
    await read(cluster(both, { token: "t0k3n" }));
    expect(server.requests[0]?.headers.authorization).toBe("Bearer t0k3n");
  });

  test.each([
    ["a token", { token: "s3cr3t\nmore" }, /token/],
    ["a file of tokens", { tokenFile: "tokens" }, /token/],
    ["a user to act as", { token: "t", as: "s3cr3t\r\nX-Other: 1" }, /Impersonate-User/],
    ["a group to act in", { token: "t", as: "u", "as-groups": ["a", "s3cr3t\u0000"] }, /Impersonate-Group/],
    [
      "more of whom to act as",
      { token: "t", as: "u", "as-user-extra": { scopes: ["s3cr3t\u007f"] } },
      /Impersonate-Extra-scopes/,
    ],
  ])("says at once of %s that it can be in no request, and does not quote it", async (_what, user, names) => {
    await writeFile(join(folder, "tokens"), "s3cr3t\nother\n");
    const error: unknown = await read(
      cluster({ "certificate-authority-data": base64(certificate) }, user),
    ).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "kubernetes.unauthorized",
      exitCode: 3,
      message: expect.stringMatching(names) as string,
    });
    expect(inspect(error)).not.toContain("s3cr3t");
    expect(server.requests).toEqual([]);
  });

  test("acts as somebody whose name is in any script, as kubectl does, and with half a letter as nobody else", async () => {
    const user = { token: "t", as: "Jürgen 東", "as-user-extra": { "a\ud800b": ["é"] } };
    server.script(ok({ metadata: {} }));
    await read(cluster({ "certificate-authority-data": base64(certificate) }, user));
    const { headers } = server.requests[0]!;
    const sent = (name: string) => Buffer.from(String(headers[name]), "latin1").toString();
    expect(sent("impersonate-user")).toBe("Jürgen 東");
    expect(sent("impersonate-extra-a%ef%bf%bdb")).toBe("é");
  });

  test("reads the files that it names from beside the kubeconfig", async () => {
    await writeFile(join(folder, "ca.crt"), certificate);
    await writeFile(join(folder, "token"), "from-the-file\n");
    server.script(ok({ metadata: {} }));
    await read(cluster({ "certificate-authority": "ca.crt" }, { tokenFile: "token", token: "other" }));
    expect(server.requests[0]?.headers.authorization).toBe("Bearer from-the-file");
  });

  test("names a file that is not there, and sends nothing", async () => {
    const user = { "client-certificate": "gone.crt", "client-key": "gone.key" };
    const looking = read(cluster({ "certificate-authority-data": base64(certificate) }, user));
    await expect(looking).rejects.toMatchObject({
      code: "kubernetes.unauthorized",
      exitCode: 3,
      message: expect.stringContaining(`${join(folder, "gone.crt")} cannot be read: ENOENT`),
    });
    expect(server.requests).toEqual([]);
  });

  test("takes the token of a provider that kubectl has built in", async () => {
    const idToken = new UnsecuredJWT({}).setExpirationTime("1h").encode();
    const provider = {
      name: "oidc",
      config: { "id-token": idToken, "client-id": "c", "idp-issuer-url": "i" },
    };
    server.script(ok({ metadata: {} }));
    await read(cluster({ "certificate-authority-data": base64(certificate) }, { "auth-provider": provider }));
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${idToken}`);
  });

  test.each([
    ["a token", { token: "t0k3n" }, "Bearer t0k3n"],
    ["a token's file", { tokenFile: "token" }, "Bearer from-the-file"],
    ["a name and a password", { username: "u", password: "p" }, `Basic ${base64("u:p")}`],
  ])("runs no plugin for a user that has %s, as kubectl does", async (_what, fields, authorization) => {
    const ran = join(folder, "ran");
    await writeFile(join(folder, "token"), "from-the-file");
    const user = { ...fields, exec: { command: "touch", args: [ran] } };
    server.script(ok({ metadata: {} }));
    await read(cluster({ "certificate-authority-data": base64(certificate) }, user));
    expect(server.requests[0]?.headers.authorization).toBe(authorization);
    expect(existsSync(ran)).toBe(false);
  });

  test("runs no plugin for a user that has a client certificate, as kubectl does", async () => {
    const ran = join(folder, "ran");
    const own = await (await createCertificateAuthority()).issue();
    const user = {
      "client-certificate-data": base64(own.certificate),
      "client-key-data": base64(own.key),
      exec: { command: "touch", args: [ran] },
    };
    server.script(ok({ metadata: {} }));
    await read(cluster({ "certificate-authority-data": base64(certificate) }, user));
    expect(existsSync(ran)).toBe(false);
  });

  test("neither runs nor reads what else a provider's configuration names", async () => {
    const ran = join(folder, "ran");
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command: "touch", args: [ran] };
    await writeFile(join(folder, "token"), "from-the-file");
    for (const more of [{ exec }, { tokenFile: join(folder, "token") }]) {
      const provider = { name: "oidc", config: { "client-id": "c", "idp-issuer-url": "i", ...more } };
      server.script(ok({ metadata: {} }));
      await read(
        cluster({ "certificate-authority-data": base64(certificate) }, { "auth-provider": provider }),
      );
      expect(server.requests[0]?.headers.authorization).toBeUndefined();
    }
    expect(existsSync(ran)).toBe(false);
  });

  test("goes straight to a cluster on this machine whatever proxy the environment names, as kubectl does", async () => {
    const variables = { HTTPS_PROXY: "http://127.0.0.1:1" };
    server.script(ok({ metadata: {} }));
    await read(cluster({ "certificate-authority-data": base64(certificate) }, { token: "t0k3n" }, variables));
    expect(server.requests).toHaveLength(1);
  });

  test("goes through a SOCKS proxy, and verifies the cluster behind it", async () => {
    const asked: string[] = [];
    const proxy = createServer((socket) => void passOn(socket, asked));
    closing.push(() => proxy.close());
    const through = { "proxy-url": `socks5://127.0.0.1:${await listening(proxy)}` };
    server.script(ok({ metadata: {} }), ok({ metadata: {} }));
    const trusting = { ...through, "certificate-authority-data": base64(certificate) };
    await read(cluster(trusting, { token: "t0k3n" }));
    expect(server.requests[0]?.headers.authorization).toBe("Bearer t0k3n");
    expect(asked).toEqual([`:${server.port}`]);
    await expect(read(cluster(through, { token: "t0k3n" }))).rejects.toMatchObject({
      code: "kubernetes.untrusted-certificate",
    });
    expect(server.requests).toHaveLength(1);
  });
});

async function listening(proxy: Server): Promise<number> {
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return (proxy.address() as AddressInfo).port;
}

/** Speaks as much of SOCKS 5 (RFC 1928) as a client without a password needs. Every name means this machine. */
async function passOn(socket: Socket, asked: string[]): Promise<void> {
  socket.on("error", () => {});
  await once(socket, "data");
  socket.write(Buffer.from([5, 0]));
  const [wish] = (await once(socket, "data")) as [Buffer];
  const port = wish.readUInt16BE(wish.length - 2);
  asked.push(`:${port}`);
  const target = connect(port, "127.0.0.1");
  target.on("error", () => socket.destroy());
  await once(target, "connect");
  socket.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 0]));
  socket.pipe(target).pipe(socket);
}
