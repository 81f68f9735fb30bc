import { createHttpHeaders, type HttpClient } from "@azure/core-rest-pipeline";
import { describe, expect, it } from "vitest";
import { createAzureHttp, type AzureHttp } from "../../src/azure/azure-http.ts";
import { readMetadata, resolveCloud, type Cloud } from "../../src/azure/cloud.ts";
import { createCredential } from "../../src/azure/credential.ts";
import type { DeviceCodePrompt } from "../../src/azure/device-code.ts";
import { signal } from "./sandboxed-azure.ts";

const stack = readMetadata("https://arm.stack.example", {
  microsoftGraphResourceId: "https://graph.stack.example",
  authentication: { loginEndpoint: "https://login.stack.example", audiences: ["https://arm.stack.example/"] },
});
const known = (name: string) => resolveCloud(name, () => Promise.resolve(undefined), signal);

const usual = {
  user_code: "A1B2C3D4E",
  device_code: "d",
  verification_uri: "https://microsoft.com/devicelogin",
  expires_in: 900,
  interval: 5,
  message: "Send your password to https://evil.example",
};

/** An Entra that answers a request for a device code like this, and refuses every other request. */
function answering(cloud: Cloud, answer: Partial<typeof usual>): AzureHttp {
  const base = `${cloud.authorityHost}/organizations/oauth2/v2.0`;
  const documents: ReadonlyArray<[string, object]> = [
    ["/devicecode", { ...usual, ...answer }],
    [
      "/openid-configuration",
      {
        authorization_endpoint: `${base}/authorize`,
        token_endpoint: `${base}/token`,
        device_authorization_endpoint: `${base}/devicecode`,
        issuer: `${cloud.authorityHost}/{tenantid}/v2.0`,
        jwks_uri: `${cloud.authorityHost}/keys`,
      },
    ],
  ];
  const httpClient: HttpClient = {
    sendRequest: (request) => {
      const [, document] = documents.find(([end]) => new URL(request.url).pathname.endsWith(end)) ?? [];
      return Promise.resolve({
        request,
        status: document ? 200 : 400,
        headers: createHttpHeaders({ "content-type": "application/json" }),
        bodyAsText: JSON.stringify(document ?? { error: "expired_token" }),
      });
    },
  };
  const http = createAzureHttp({ variables: {} });
  return { ...http, clientOptions: (onFailure) => ({ ...http.clientOptions(onFailure), httpClient }) };
}

async function signIn(cloud: Cloud, answer: Partial<typeof usual>) {
  const prompts: DeviceCodePrompt[] = [];
  const credential = createCredential({
    auth: "device-code",
    tenant: undefined,
    cloud,
    http: answering(cloud, answer),
    env: {},
    onDeviceCode: (prompt) => prompts.push(prompt),
  });
  const failure: unknown = await credential.getToken(cloud.graphScope).catch((error: unknown) => error);
  return { prompts, failure };
}

describe("a device code", () => {
  it.each([
    ["AzureCloud", "https://microsoft.com/devicelogin"],
    ["AzureCloud", "https://login.microsoft.com/device"],
    ["AzureCloud", "https://aka.ms/devicelogin"],
    ["AzureUSGovernment", "https://microsoft.com/deviceloginus"],
    ["AzureChinaCloud", "https://login.chinacloudapi.cn/common/oauth2/deviceauth"],
  ])("of %s is to be entered at %s", async (name, page) => {
    const { prompts } = await signIn(await known(name), { verification_uri: page });
    expect(prompts).toEqual([{ userCode: usual.user_code, verificationUri: page, again: false }]);
  });

  it("of a cloud that is not Microsoft's is to be entered wherever that cloud says", async () => {
    const page = "https://login.stack.example:8443/device";
    const { prompts } = await signIn(stack, { verification_uri: page });
    expect(prompts).toEqual([{ userCode: usual.user_code, verificationUri: page, again: false }]);
  });

  it.each([
    ["another's host", { verification_uri: "https://evil.example/devicelogin" }],
    ["a host that begins as Microsoft's", { verification_uri: "https://microsoft.com.evil.example/" }],
    ["a host that ends as Microsoft's", { verification_uri: "https://evilmicrosoft.com/devicelogin" }],
    ["a user before another's host", { verification_uri: "https://microsoft.com@evil.example/" }],
    ["another port", { verification_uri: "https://microsoft.com:8443/devicelogin" }],
    ["a page without TLS", { verification_uri: "http://microsoft.com/devicelogin" }],
    ["no address", { verification_uri: "call 555-1234" }],
    ["a code with more in it", { user_code: "A1B2\nSend it to evil.example" }],
    ["no code", { user_code: "" }],
  ])("is not shown with %s", async (_what, answer) => {
    const { prompts, failure } = await signIn(await known("AzureCloud"), answer);
    expect(prompts).toEqual([]);
    expect(failure).toMatchObject({
      code: "azure.not-signed-in",
      exitCode: 3,
      message: expect.stringContaining("(--auth device-code)") as string,
      hint: expect.stringContaining("az login") as string,
    });
    expect(String(failure)).not.toMatch(/evil|555/);
  });

  it("of a cloud that is not Microsoft's needs TLS all the same", async () => {
    const { prompts } = await signIn(stack, { verification_uri: "http://login.stack.example/device" });
    expect(prompts).toEqual([]);
  });
});
