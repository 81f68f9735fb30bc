import { existsSync } from "node:fs";
import { once } from "node:events";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCertificateAuthority } from "../../src/sandbox/certificate-authority.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { runSafely } from "../canary.ts";
import { setup } from "../program.ts";
import { ScriptedServer } from "../scripted-server.ts";

let sandbox: Sandbox;
let folder: string;
/** Some Resource Manager that somebody was told to name in --cloud. */
let stranger: ScriptedServer;
let strangersCa: string;
beforeAll(async () => {
  sandbox = await startSandbox();
  folder = await mkdtemp(join(sandbox.folder, "cloud-"));
  const authority = await createCertificateAuthority();
  stranger = new ScriptedServer(await authority.issue());
  await stranger.start();
  strangersCa = join(folder, "ca.pem");
  await writeFile(strangersCa, authority.certificate);
});
afterAll(async () => {
  await Promise.all([stranger.stop(), sandbox.close()]);
});

/** A PATH with an `az` that is set to a cloud, and gives the sandbox's own tokens. It notes what it was asked. */
async function az(resourceManager: string) {
  const path = await mkdtemp(join(folder, "path-"));
  const asked = join(path, "asked");
  const token = "echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1";
  const script = [
    `echo "$*" >> ${asked}`,
    `case "$1" in cloud) echo ${resourceManager} ;; *) ${token} ;; esac`,
  ].join("\n");
  await writeFile(join(path, "az"), `#!/bin/sh\n${script}\n`, { mode: 0o700 });
  return {
    env: { PATH: path, AZURE_CLIENT_ID: undefined, AZURE_CLIENT_SECRET: undefined },
    asked: async () => (existsSync(asked) ? await readFile(asked, "utf8") : ""),
  };
}

/** How a private cloud describes itself, at the stranger's address. */
function described(audience: string) {
  const authentication = { loginEndpoint: "https://login.stack.example", audiences: [audience] };
  const document = { microsoftGraphResourceId: "https://graph.stack.example", authentication };
  stranger.script({ status: 200, json: document });
  return `https://localhost:${stranger.port}`;
}

describe("a cloud that is not Microsoft's own", () => {
  test("and asks for tokens of one that is: is refused before anybody is asked for one", async () => {
    const cloud = described("https://management.azure.com");
    const cli = await az(cloud);
    const args = ["--cloud", cloud, "--auth", "cli"];
    const run = await setup(sandbox, args, { env: { ...cli.env, NODE_EXTRA_CA_CERTS: strangersCa } });
    expect([run.code, run.json.error]).toMatchObject([2, { code: "azure.foreign-sign-in" }]);
    expect(run.json.error.message).toContain("https://management.azure.com");
    expect(run.json.error.hint).toContain("--cloud AzureCloud");
    expect(await cli.asked()).toBe("");
    expect(stranger.requests.map(({ path }) => path)).toEqual(["/metadata/endpoints"]);
  });

  test("and not the Azure CLI's: is given none of its tokens", async () => {
    const cli = await az("https://management.azure.com/");
    const before = sandbox.requests.entries.length;
    const run = await setup(sandbox, ["--auth", "cli"], { env: cli.env });
    expect([run.code, run.json.error]).toMatchObject([3, { code: "azure.wrong-cloud" }]);
    expect(run.json.error.hint).toContain("az cloud set");
    expect(run.json.error.hint).toContain(`--endpoint-resource-manager ${sandbox.world.azureUrl}`);
    expect(await cli.asked()).not.toContain("get-access-token");
    const since = sandbox.requests.entries.slice(before);
    expect(since.flatMap(({ path }) => path).filter((path) => /subscriptions|v1.0/.test(path))).toEqual([]);
  });

  test("and the Azure CLI's: is checked once, and then the tokens are asked for", async () => {
    const cli = await az(`${sandbox.world.azureUrl}/`);
    await setup(sandbox, ["--auth", "cli"], { env: cli.env });
    const asked = (await cli.asked()).trim().split("\n");
    expect(asked.filter((line) => line.startsWith("cloud "))).toHaveLength(1);
    expect(asked.filter((line) => line.startsWith("account get-access-token"))).not.toEqual([]);
  });

  test("has its hosts named once, because they get the sign-in", async () => {
    const nowhere = createServer().on("connect", (_request, socket) => socket.destroy());
    nowhere.listen(0, "127.0.0.1");
    await once(nowhere, "listening");
    const { port } = nowhere.address() as AddressInfo;
    const args = ["status", "--cloud", described("https://arm.stack.example")];
    const env = { NODE_EXTRA_CA_CERTS: strangersCa, HTTPS_PROXY: `http://127.0.0.1:${port}` };
    const run = await runSafely(sandbox, args, { env });
    nowhere.close();
    expect(run.stderr.match(/go to login\.stack\.example, graph\.stack\.example$/gm)).toHaveLength(1);
  });

  test("but on this machine needs no such note", async () => {
    const run = await runSafely(sandbox, ["status"]);
    expect([run.code, run.stderr]).toEqual([0, expect.not.stringContaining("--cloud")]);
  });
});
