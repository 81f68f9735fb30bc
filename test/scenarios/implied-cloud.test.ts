import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { runSafely } from "../canary.ts";

let sandbox: Sandbox;
/** Leads nowhere, and notes where it was asked to lead. */
const asked: string[] = [];
const proxy = createServer().on("connect", ({ url = "" }, socket) => {
  asked.push(url);
  socket.destroy();
});
beforeAll(async () => {
  sandbox = await startSandbox();
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
});
afterAll(async () => {
  await sandbox.close();
  proxy.close();
});

describe("setup signs in to the cloud", () => {
  const government = "https://login.microsoftonline.us/";
  test.each([
    ["of the registry's login server", "myregistry.azurecr.us", {}, "login.microsoftonline.us"],
    ["of a login server in China", "myregistry.azurecr.cn", {}, "login.chinacloudapi.cn"],
    ["that AZURE_AUTHORITY_HOST names", "myregistry", { host: government }, "login.microsoftonline.us"],
    [
      "of the login server before that",
      "myregistry.azurecr.cn",
      { host: government },
      "login.chinacloudapi.cn",
    ],
    [
      "of the flag before both",
      "r.azurecr.us",
      { host: government, cloud: "AzureChinaCloud" },
      "login.chinacloudapi.cn",
    ],
    [
      "of most people otherwise",
      "myregistry",
      { host: "https://login.else.example" },
      "login.microsoftonline.com",
    ],
  ])("%s", async (_which, registry, { host, cloud }: { host?: string; cloud?: string }, expected) => {
    asked.length = 0;
    const { port } = proxy.address() as AddressInfo;
    const env = {
      ACR_PULL_CLOUD: undefined,
      AZURE_AUTHORITY_HOST: host,
      HTTPS_PROXY: `http://127.0.0.1:${port}`,
    };
    const args = ["setup", "--registry", registry, "-n", "awesomeapps", "-y", "-o", "json"];
    const run = await runSafely(sandbox, cloud === undefined ? args : [...args, "--cloud", cloud], { env });
    expect(run.json.error.code).toBe("azure.unreachable");
    expect([...new Set(asked.filter((one) => one.startsWith("login.")))]).toEqual([`${expected}:443`]);
  });
});
