import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent } from "node:https";
import { hostname, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createAzureHttp, type AzureRequest } from "../../src/azure/azure-http.ts";
import { openAzure } from "../../src/azure/azure.ts";
import {
  chooseMethod,
  createCredential,
  type Credential,
  type CredentialOptions,
} from "../../src/azure/credential.ts";
import { readMetadata } from "../../src/azure/cloud.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { openParts, sandboxedAzure, signal, type SandboxedAzure } from "./sandboxed-azure.ts";
import { shortPauses } from "../short-pauses.ts";

shortPauses();

let opened: SandboxedAzure | undefined;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "acr-pull-credential-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await opened?.close();
  opened = undefined;
  await rm(folder, { recursive: true });
});

async function open(
  options: SandboxOptions = {},
  azureOptions: Parameters<typeof sandboxedAzure>[1] = {},
): Promise<SandboxedAzure> {
  opened = await sandboxedAzure(options, azureOptions);
  return opened;
}

const names = { AZURE_TENANT_ID: "t", AZURE_CLIENT_ID: "c" };

test.each([
  [{}, "cli"],
  [names, "cli"],
  [{ ...names, AZURE_CLIENT_SECRET: "" }, "cli"],
  [{ ...names, AZURE_CLIENT_SECRET: "s" }, "environment"],
  [{ ...names, AZURE_CLIENT_CERTIFICATE_PATH: "f" }, "environment"],
  [{ AZURE_CLIENT_ID: "c", AZURE_CLIENT_SECRET: "s" }, "cli"],
  [{ ...names, AZURE_FEDERATED_TOKEN_FILE: "f" }, "workload-identity"],
  [{ ...names, AZURE_FEDERATED_TOKEN_FILE: "f", IDENTITY_ENDPOINT: "http://x" }, "workload-identity"],
  [{ ...names, ACTIONS_ID_TOKEN_REQUEST_URL: "u", ACTIONS_ID_TOKEN_REQUEST_TOKEN: "t" }, "github"],
  [{ ACTIONS_ID_TOKEN_REQUEST_URL: "u", ACTIONS_ID_TOKEN_REQUEST_TOKEN: "t" }, "cli"],
  [
    { SYSTEM_OIDCREQUESTURI: "u", SYSTEM_ACCESSTOKEN: "t", AZURESUBSCRIPTION_SERVICE_CONNECTION_ID: "s" },
    "azure-pipelines",
  ],
  [{ SYSTEM_OIDCREQUESTURI: "u", AZURESUBSCRIPTION_SERVICE_CONNECTION_ID: "s" }, "cli"],
  [{ IDENTITY_ENDPOINT: "http://x" }, "managed-identity"],
  [{ MSI_ENDPOINT: "http://x" }, "managed-identity"],
  [{ MSI_ENDPOINT: "http://x", ACC_CLOUD: "PROD" }, "cli"],
  [{ MSI_ENDPOINT: "http://x", AZUREPS_HOST_ENVIRONMENT: "cloud-shell/1.0" }, "cli"],
  [{ IDENTITY_ENDPOINT: "http://x", AZUREPS_HOST_ENVIRONMENT: "AzureAutomation" }, "managed-identity"],
] as const)("with %j one signs in by %s", (env, method) => {
  expect(chooseMethod(env)).toBe(method);
});

describe("a token", () => {
  test("is asked for once per audience, however many ask at once", async () => {
    const { azure, lines } = await open();
    const everything = () =>
      Promise.all([
        azure.directory.caller(signal),
        azure.directory.findApplicationByUniqueName("x", signal),
        azure.registries.findRegistries({ kind: "name", name: "myregistry" }, {}, signal),
        azure.registries.findRegistries({ kind: "name", name: "abacregistry" }, {}, signal),
      ]);
    await everything();
    await everything();
    expect(lines().filter((line) => line.endsWith("/oauth2/v2.0/token"))).toHaveLength(2);
  });

  test("is waited for by others when one gives up", async () => {
    const { azure } = await open({ latency: "50ms" });
    const impatient = new AbortController();
    const given = azure.directory.caller(impatient.signal);
    const waited = azure.directory.caller(signal);
    impatient.abort(new Error("enough"));
    await expect(given).rejects.toThrow("enough");
    expect(await waited).toMatchObject({ kind: "service-principal" });
  });
});

describe("signing in", () => {
  test.each([
    [{ AZURE_CLIENT_SECRET: "wrong" }, "azure.not-signed-in", /AADSTS7000215/],
    [{ AZURE_CLIENT_ID: "11111111-1111-4111-8111-111111111111" }, "azure.wrong-tenant", /AADSTS700016/],
    [{ AZURE_TENANT_ID: "11111111-1111-4111-8111-111111111111" }, "azure.wrong-tenant", /AADSTS90002/],
  ])("with %j is %s", async (changes, code, message) => {
    const { sandbox } = await open();
    const { directory } = await openParts(sandbox, { env: { ...sandbox.environment, ...changes } });
    const failure = await directory.caller(signal).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, exitCode: 3, message: expect.stringMatching(message) as string });
  });

  test.each([
    [500, 0, "azure.failed"],
    [429, 3600, "azure.failed"],
  ])("answered by %i to the end is worth another run", async (status, retryAfter, code) => {
    const { azure } = await open({
      faults: [{ match: "oauth2/v2.0/token", times: 9, status, retryAfter }],
    });
    await expect(azure.directory.caller(signal)).rejects.toMatchObject({ code, retryable: true, status });
  });

  test("under Conditional Access says from which machine", async () => {
    const { azure } = await open({ policy: { conditionalAccessBlocks: true } });
    await expect(azure.directory.caller(signal)).rejects.toMatchObject({
      code: "azure.conditional-access",
      message: expect.stringContaining(hostname()) as string,
    });
  });

  test("in another tenant than the one named is refused", async () => {
    const { azure } = await open({}, { tenant: "22222222-2222-4222-8222-222222222222" });
    await expect(azure.directory.caller(signal)).rejects.toMatchObject({
      code: "azure.wrong-tenant",
      message: expect.stringContaining("'22222222-2222-4222-8222-222222222222' not found") as string,
      hint: expect.stringContaining("--tenant") as string,
    });
  });

  test("with a secret in variables is asked of the domain that --tenant names, not of AZURE_TENANT_ID", async () => {
    const { azure, lines } = await open({}, { tenant: "contoso.onmicrosoft.com" });
    await azure.directory.caller(signal).catch(() => {});
    const asked = lines().filter((line) => line.includes("/v2.0/"));
    expect(asked).not.toEqual([]);
    expect(asked.filter((line) => !line.includes("/contoso.onmicrosoft.com/"))).toEqual([]);
  });

  test("by a managed identity, which has a tenant of its own, needs the tenant's id", async () => {
    const { sandbox } = await open();
    const cloud = readMetadata(sandbox.world.azureUrl, {
      microsoftGraphResourceId: sandbox.world.azureUrl,
      authentication: { loginEndpoint: sandbox.world.azureUrl, audiences: [sandbox.world.azureUrl] },
    });
    const tenant = "contoso.onmicrosoft.com";
    const options = {
      auth: "managed-identity" as const,
      tenant,
      cloud,
      http: createAzureHttp({ variables: {} }),
      env: sandbox.environment,
      onDeviceCode: () => {},
      signal,
    };
    await expect(createCredential(options).getToken(cloud.graphScope)).rejects.toMatchObject({
      code: "azure.wrong-tenant",
      exitCode: 2,
    });
  });

  test("with a secret in variables takes one request for each audience, and asks for no discovery document", async () => {
    const { azure, lines } = await open();
    await azure.directory.caller(signal);
    const asked = lines().filter((line) => !line.includes("/metadata/"));
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatch(/^POST .*\/oauth2\/v2\.0\/token$/);
  });

  test("with a secret in variables hands on the claims that a service demands", async () => {
    const { sandbox } = await open();
    const parts = await openParts(sandbox);
    const bodies: string[] = [];
    const http = {
      ...parts.http,
      send: (request: AzureRequest, until: AbortSignal) => {
        bodies.push(request.body ?? "");
        return parts.http.send(request, until);
      },
    };
    const { environment: env } = sandbox;
    const { cloud } = parts;
    const options = {
      auth: "auto",
      tenant: undefined,
      cloud,
      http,
      env,
      onDeviceCode: () => {},
      signal,
    } as const;
    await createCredential(options).getToken(cloud.graphScope, { claims: '{"access_token":{}}' });
    expect(new URLSearchParams(bodies[0]).get("claims")).toBe('{"access_token":{}}');
  });

  test.each([{ status: 500 }, { status: 429, retryAfter: 0 }, { action: "reset" } as const])(
    "survives %j",
    async (fault) => {
      const { azure } = await open({ faults: [{ match: "oauth2/v2.0/token", ...fault }] });
      expect(await azure.directory.caller(signal)).toMatchObject({ kind: "service-principal" });
    },
  );

  test("with a device code asks the person once, also when two audiences are wanted at once", async () => {
    const prompts: string[] = [];
    const { azure } = await open(
      { deviceSignIn: { user: "ada@sandbox.example", pendingPolls: 0 } },
      { auth: "device-code", onDeviceCode: ({ userCode }) => prompts.push(userCode) },
    );
    const [caller, found] = await Promise.all([
      azure.directory.caller(signal),
      azure.registries.findRegistries({ kind: "name", name: "myregistry" }, {}, signal),
    ]);
    expect(caller).toMatchObject({ kind: "user", name: "ada@sandbox.example" });
    expect(found.registries).toHaveLength(1);
    expect(prompts).toEqual([expect.stringMatching(/\S+/)]);
    expect(await azure.directory.mayChangeAllApplications(signal)).toBe("yes");
  }, 60_000);

  test("with a device code that is declined asks for no other one at once, and anew when it is wanted anew", async () => {
    const prompts: string[] = [];
    const { azure, sandbox } = await open(
      { deviceSignIn: { user: "ada@sandbox.example", declines: true } },
      { auth: "device-code", onDeviceCode: ({ userCode }) => prompts.push(userCode) },
    );
    const ended = await Promise.allSettled([
      azure.directory.caller(signal),
      azure.registries.findRegistries({ kind: "name", name: "myregistry" }, {}, signal),
    ]);
    expect(ended.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(prompts).toHaveLength(1);
    sandbox.world.deviceSignIn = { user: "ada@sandbox.example" };
    expect(await azure.directory.caller(signal)).toMatchObject({ kind: "user" });
  });

  test("with a device code that one gives up goes on for the other who waits", async () => {
    const impatient = new AbortController();
    const { azure, sandbox } = await open(
      { deviceSignIn: { user: "ada@sandbox.example", pendingPolls: 1000 } },
      {
        auth: "device-code",
        onDeviceCode: () => {
          sandbox.world.deviceSignIn = { user: "ada@sandbox.example" };
          impatient.abort(new Error("enough"));
        },
      },
    );
    const [caller, found] = await Promise.allSettled([
      azure.directory.caller(impatient.signal),
      azure.registries.findRegistries({ kind: "name", name: "myregistry" }, {}, signal),
    ]);
    expect(caller).toMatchObject({ status: "rejected", reason: { message: "enough" } });
    expect(found.status).toBe("fulfilled");
  });
});

describe("a cloud whose certificate nobody trusts", () => {
  test("says how to trust it", async () => {
    const { sandbox } = await open();
    const options = {
      cloud: sandbox.world.azureUrl,
      auth: "cli",
      tenant: undefined,
      env: {},
      onDeviceCode: () => {},
    } as const;
    await expect(openAzure(options, signal)).rejects.toMatchObject({
      code: "azure.untrusted-certificate",
      hint: expect.stringContaining("NODE_EXTRA_CA_CERTS") as string,
    });
  });

  test("is told when it is only where one signs in", async () => {
    const { sandbox } = await open();
    const cloud = readMetadata(sandbox.world.azureUrl, {
      microsoftGraphResourceId: sandbox.world.azureUrl,
      authentication: { loginEndpoint: sandbox.world.azureUrl, audiences: ["https://arm.example"] },
    });
    const agent = new Agent();
    const credential = createCredential({
      auth: "environment",
      tenant: undefined,
      cloud,
      http: createAzureHttp({ variables: {}, agent }),
      env: sandbox.environment,
      onDeviceCode: () => {},
      signal,
    });
    await expect(credential.getToken(cloud.graphScope)).rejects.toMatchObject({
      code: "azure.untrusted-certificate",
    });
  });
});

describe("the Azure CLI", () => {
  const cloud = readMetadata("https://arm.stack.example", {
    microsoftGraphResourceId: "https://graph.stack.example",
    authentication: {
      loginEndpoint: "https://login.stack.example",
      audiences: ["https://arm.stack.example/"],
    },
  });

  function cli(path: string, ahead?: CredentialOptions["ahead"]): Credential {
    vi.stubEnv("PATH", path);
    return createCredential({
      auth: "cli",
      tenant: "contoso.example",
      cloud,
      http: createAzureHttp({ variables: {} }),
      env: { PATH: path },
      onDeviceCode: () => {},
      signal,
      ...(ahead && { ahead }),
    });
  }

  async function fakeAz(script: string): Promise<string> {
    const file = join(folder, "az");
    const isSetTo = `[ "$1" = cloud ] && echo ${cloud.resourceManager}/ && exit`;
    await writeFile(file, `#!/bin/sh\n${isSetTo}\n${script}\n`);
    await chmod(file, 0o700);
    return `${folder}${delimiter}${process.env["PATH"] ?? ""}`;
  }

  // {"oid":"o","tid":"t"}
  const token = "eyJhbGciOiJub25lIn0.eyJvaWQiOiJvIiwidGlkIjoidCJ9.";

  test("is asked for the audience in the tenant", async () => {
    const path = await fakeAz(
      `echo "$*" > ${join(folder, "arguments")}; echo '{"accessToken": "${token}", "expires_on": 4102444800}'`,
    );
    const credential = cli(path);
    expect((await credential.getToken(cloud.resourceManagerScope)).token).toBe(token);
    expect(await credential.claims(cloud.resourceManagerScope, signal)).toMatchObject({ oid: "o", tid: "t" });
    expect(await readFile(join(folder, "arguments"), "utf8")).toContain(
      "--resource https://arm.stack.example/ --tenant contoso.example",
    );
  });

  test("is asked for all tokens at once, whichever is needed first", async () => {
    const asked = join(folder, "asked");
    const path = await fakeAz(
      `echo "$6" >> ${asked}; echo '{"accessToken": "${token}", "expires_on": 4102444800}'`,
    );
    const scopes = [cloud.resourceManagerScope, cloud.graphScope];
    const credential = cli(path, scopes);
    await credential.getToken(cloud.graphScope);
    await credential.getToken(cloud.resourceManagerScope);
    const resources = (await readFile(asked, "utf8")).trim().split("\n");
    expect(resources.sort()).toEqual(["https://arm.stack.example/", "https://graph.stack.example"]);
  });

  test("that cannot give a token which nobody needed yet says so when it is needed", async () => {
    const path = await fakeAz(
      `case "$6" in *graph*) echo '{"accessToken": "${token}", "expires_on": 4102444800}' ;; *) echo "ERROR: AADSTS53003: no" >&2; exit 1 ;; esac`,
    );
    const credential = cli(path, [cloud.resourceManagerScope, cloud.graphScope]);
    expect(await credential.getToken(cloud.graphScope)).toMatchObject({ token });
    await expect(credential.getToken(cloud.resourceManagerScope)).rejects.toMatchObject({
      code: "azure.conditional-access",
    });
  });

  test("whose own sign-in has ended, as after azure/login, says how to have one that lasts", async () => {
    const path = await fakeAz(
      `echo "ERROR: AADSTS700024: Client assertion is not within its valid time range. Current time: 2026-11-26T08:38:51.1Z, assertion valid from 2026-11-26T08:13:37.0Z, expiry time of assertion 2026-11-26T08:18:37.0Z. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials . Trace ID: t" >&2; exit 1`,
    );
    await expect(cli(path).getToken(cloud.graphScope)).rejects.toMatchObject({
      code: "azure.federated-credential",
      exitCode: 3,
      hint: expect.stringContaining("--auth github") as string,
    });
  });

  test("not signed in says how to sign in", async () => {
    const path = await fakeAz(`echo "ERROR: Please run 'az login' to setup account." >&2; exit 1`);
    await expect(cli(path).getToken(cloud.graphScope)).rejects.toMatchObject({
      code: "azure.not-signed-in",
      exitCode: 3,
      hint: expect.stringContaining("az login --tenant contoso.example") as string,
    });
  });

  test("not installed is told from not signed in", async () => {
    await expect(cli(folder).getToken(cloud.graphScope)).rejects.toMatchObject({
      code: "azure.not-signed-in",
      message: expect.stringContaining("not installed") as string,
    });
  });

  test("that Entra refuses passes its reason on", async () => {
    const path = await fakeAz(`echo "ERROR: AADSTS53003: Access has been blocked." >&2; exit 1`);
    await expect(cli(path).getToken(cloud.graphScope)).rejects.toMatchObject({
      code: "azure.conditional-access",
    });
  });
});
