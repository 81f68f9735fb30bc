import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createCertificateAuthority,
  type CertificateAuthority,
} from "../../src/sandbox/certificate-authority.ts";

const python = "/usr/bin/python3";
const hasPython = await promisify(execFile)(python, ["--version"]).then(
  () => true,
  () => false,
);

describe("the sandbox's certificate authority", () => {
  let authority: CertificateAuthority;
  let folder: string;
  let port: number;
  let server: ReturnType<typeof createServer>;

  beforeAll(async () => {
    authority = await createCertificateAuthority();
    folder = await mkdtemp(join(tmpdir(), "acr-pull-test-"));
    await writeFile(join(folder, "ca.pem"), authority.certificate);
    const { certificate: cert, key } = await authority.issue();
    server = createServer({ cert, key }, (_, response) => response.end("hello"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });

  afterAll(async () => {
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true });
  });

  it.each(["localhost", "127.0.0.1"])("is trusted by Node for %s", async (host) => {
    await expect(get(host, port, authority.certificate)).resolves.toBe("hello");
  });

  it("names all of the loopback addresses and nothing else", async () => {
    const { certificate } = await authority.issue();
    expect(new X509Certificate(certificate).subjectAltName).toBe(
      "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
    );
  });

  it("is trusted by nobody who was not told of it", async () => {
    const stranger = await createCertificateAuthority();
    await expect(get("localhost", port, stranger.certificate)).rejects.toMatchObject({
      message: expect.stringMatching(/certificate|signature/) as string,
    });
  });

  it.skipIf(!hasPython)("passes Python's strict verification", async () => {
    const script = [
      "import ssl, urllib.request",
      `context = ssl.create_default_context(cafile=${JSON.stringify(join(folder, "ca.pem"))})`,
      "context.verify_flags |= ssl.VERIFY_X509_STRICT",
      `opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))`,
      `print(opener.open("https://localhost:${port}/").read().decode())`,
    ].join("\n");
    const { stdout } = await promisify(execFile)(python, ["-c", script]);
    expect(stdout.trim()).toBe("hello");
  });
});

function get(host: string, port: number, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host, port, ca, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        resolve(Buffer.concat(chunks).toString());
      });
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}
