import { afterEach, describe, expect, test } from "vitest";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { setup } from "../program.ts";
import { runSafely } from "../canary.ts";
import { shortPauses } from "../short-pauses.ts";
import { openParts, sandboxedAzure, signal, type SandboxedAzure } from "./sandboxed-azure.ts";

shortPauses();

let opened: SandboxedAzure | undefined;
afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

type Runner = NonNullable<SandboxOptions["job"]>["runner"];

async function inJob(runner: Runner, more: SandboxOptions = {}): Promise<SandboxedAzure> {
  opened = await sandboxedAzure({ job: { runner }, ...more });
  return opened;
}

/** The variables of a GitLab job, after the documented line that writes its token to a file. */
async function tokenFile({ environment, folder }: Sandbox): Promise<Record<string, string>> {
  const file = join(folder, "token");
  await writeFile(file, `${environment["AZURE_ID_TOKEN"]}\n`);
  return { ...environment, AZURE_FEDERATED_TOKEN_FILE: file };
}

/** How often the CI service was asked for a job token, and Entra for an access token. */
function asked({ lines }: SandboxedAzure): [jobTokens: number, accessTokens: number] {
  const count = (pattern: RegExp) => lines().filter((line) => pattern.test(line)).length;
  return [count(/idtoken$|oidctoken$/), count(/oauth2\/v2\.0\/token$/)];
}

describe("a job", () => {
  test.each(["github", "azure-pipelines"] as const)(
    "of %s signs in by a token of its own, asked for anew for each service",
    async (runner) => {
      const job = await inJob(runner);
      const everything = () =>
        Promise.all([
          job.azure.directory.caller(signal),
          job.azure.registries.findRegistries({ kind: "name", name: "myregistry" }, {}, signal),
        ]);
      const [caller, { registries }] = await everything();
      await everything();
      expect(caller).toMatchObject({ kind: "service-principal", name: job.sandbox.world.caller.appId });
      expect(registries).toHaveLength(1);
      expect(asked(job)).toEqual([2, 2]);
    },
  );

  test("of GitLab signs in by the token in a file, which may be replaced meanwhile", async () => {
    const { sandbox } = await inJob("gitlab");
    const env = await tokenFile(sandbox);
    const { directory, registries } = await openParts(sandbox, { env });
    expect(await directory.caller(signal)).toMatchObject({ kind: "service-principal" });
    await writeFile(env["AZURE_FEDERATED_TOKEN_FILE"] ?? "", "no token");
    const failure = await registries
      .findRegistries({ kind: "name", name: "myregistry" }, {}, signal)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "azure.not-signed-in",
      message: expect.stringContaining("AADSTS50027") as string,
    });
  });

  test.each([
    ["github", "ACTIONS_ID_TOKEN_REQUEST_URL", "permission id-token: write"],
    ["github", "AZURE_CLIENT_ID", "application that trusts"],
    ["github", "AZURE_TENANT_ID", "--tenant"],
    ["azure-pipelines", "SYSTEM_ACCESSTOKEN", "SYSTEM_ACCESSTOKEN: $(System.AccessToken)"],
    ["azure-pipelines", "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "AzureCLI@2"],
    ["azure-pipelines", "AZURESUBSCRIPTION_CLIENT_ID", "AzureCLI@2"],
  ] as const)("of %s without %s is told what to do", async (runner, variable, hint) => {
    const { sandbox } = await inJob(runner);
    const env = { ...sandbox.environment, [variable]: "" };
    const { directory } = await openParts(sandbox, { env, auth: runner });
    const failure = await directory.caller(signal).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: "azure.not-signed-in",
      exitCode: 3,
      message: `Could not sign in (--auth ${runner}): ${variable} is not set.`,
      hint: expect.stringContaining(hint) as string,
    });
  });

  test("that is given no token is told who refused it", async () => {
    const { sandbox } = await inJob("github");
    const env = { ...sandbox.environment, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "of another job" };
    const { directory } = await openParts(sandbox, { env });
    await expect(directory.caller(signal)).rejects.toMatchObject({
      code: "azure.not-signed-in",
      message: "Could not ask GitHub for the job's token: it answered with status 401 and no token.",
      retryable: false,
    });
  });

  test("whose CI service is busy may try again", async () => {
    const faults = [{ match: "GET /actions/idtoken", times: 20, status: 503 }];
    const { azure } = await inJob("github", { faults });
    await expect(azure.directory.caller(signal)).rejects.toMatchObject({
      code: "azure.not-signed-in",
      retryable: true,
    });
  });

  test("survives a token request that got no answer", async () => {
    const { azure } = await inJob("github", { faults: [{ match: "GET /actions/idtoken", action: "reset" }] });
    expect(await azure.directory.caller(signal)).toMatchObject({ kind: "service-principal" });
  });
});

const github = {
  issuer: "https://token.actions.githubusercontent.com",
  subject: "repo:octo-org/octo-repo:ref:refs/heads/main",
};

describe("a run whose federated credential", () => {
  const trusting = (changes: object) => ({
    job: { runner: "github" } as const,
    caller: { federatedCredentials: [{ name: "ci", ...github, ...changes }] },
  });

  test.each<[string, SandboxOptions, number]>([
    ["names another subject", trusting({ subject: "repo:octo-org/octo-repo:environment:prod" }), 700213],
    ["names another issuer", trusting({ issuer: "https://gitlab.com" }), 700211],
    ["names another audience", trusting({ audience: "api://other" }), 700212],
    ["differs in upper case", trusting({ subject: github.subject.replace("octo-org", "Octo-Org") }), 7002138],
    ["is missing", { job: { runner: "github" }, caller: { federatedCredentials: [] } }, 700213],
  ])(
    "%s ends in what was presented and the commands that compare and fix it",
    async (_what, world, number) => {
      const { sandbox } = await inJob("github", world);
      const run = await runSafely(sandbox, [
        "setup",
        "--registry",
        "myregistry",
        "-n",
        "awesomeapps",
        "-y",
        "-o",
        "json",
      ]);
      const { appId } = sandbox.world.caller;
      expect([run.code, run.json.error.code]).toEqual([3, "azure.federated-credential"]);
      expect(run.json.error.message.split("\n").slice(0, 4)).toEqual([
        `No federated credential of application ${appId} matches the token that was presented (AADSTS${number}):`,
        `  issuer    ${github.issuer}`,
        `  subject   ${github.subject}`,
        "  audience  api://AzureADTokenExchange",
      ]);
      const [compare, fix] = run.json.error.hint.split("\n");
      expect(compare).toContain(`az ad app federated-credential list --id ${appId} `);
      const [, parameters] = /--id \S+ --parameters '([^']*)'$/.exec(fix) ?? [];
      expect(JSON.parse(parameters ?? "")).toMatchObject({
        ...github,
        audiences: ["api://AzureADTokenExchange"],
      });
      expect(sandbox.requests.mutating()).toEqual([]);
    },
  );

  test("is in order, and whose token has ended, is told when it ended", async () => {
    const { sandbox } = await inJob("gitlab", { job: { runner: "gitlab", tokenLifetime: 0 } });
    const run = await setup(sandbox, [], { env: await tokenFile(sandbox) });
    expect([run.code, run.json.error.code]).toEqual([3, "azure.federated-credential"]);
    expect(run.json.error.message).toMatch(/it expired at \d{4}-\d\d-\d\dT[\d:]+Z \(AADSTS700024\)/);
    expect(run.json.error.hint).toContain("AZURE_FEDERATED_TOKEN_FILE");
  });

  test("needs another audience than the token's is told which", async () => {
    const { sandbox } = await inJob("gitlab");
    const env = await tokenFile(sandbox);
    const claims = {
      iss: "https://gitlab.com",
      sub: sandbox.world.job?.subject,
      aud: "https://gitlab.com",
      exp: 4e9,
    };
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    await writeFile(
      env["AZURE_FEDERATED_TOKEN_FILE"] ?? "",
      `${part({ alg: "RS256" })}.${part(claims)}.c2ln`,
    );
    const run = await setup(sandbox, [], { env });
    expect(run.json.error.message).toContain("AADSTS700212");
    expect(run.json.error.hint).toContain("Ask for the token with the audience api://AzureADTokenExchange.");
  });

  test("cannot be used because its subject is for a shell to run quotes it", async () => {
    const subject = "repo:a/b:ref:refs/heads/$(touch x)'`";
    const { sandbox } = await inJob("github", {
      job: { runner: "github", subject },
      caller: { federatedCredentials: [] },
    });
    const run = await setup(sandbox);
    expect(run.json.error.hint).toContain(String.raw`/heads/$(touch x)'\''`);
  });
});
