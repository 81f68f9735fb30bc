import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { graphAudiences, issueToken, resourceManagerAudiences } from "../../src/sandbox/entra/token.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { runSafely } from "../canary.ts";
import { entryOf, type Run } from "../program.ts";

/**
 * Nobody granted it anything. It stands for the account in the tenant that az signs in to by default, because the
 * sandbox has only one.
 */
const strangerId = "0c0c0c0c-0000-4000-8000-000000000001";

let sandbox: Sandbox;
let folder: string;
beforeAll(async () => {
  sandbox = await startSandbox({ subscriptions: [{ displayName: "Prod B" }] });
});
beforeEach(async () => {
  folder = await mkdtemp(join(sandbox.folder, "az-"));
  await standInForAz();
});
afterAll(() => sandbox.close());

/**
 * An `az` that is signed in to two tenants, and knows the subscription Prod B in the second. It answers as az 2.91 does.
 */
async function standInForAz(): Promise<void> {
  const { world } = sandbox;
  const caller = world.servicePrincipals.find(({ appId }) => appId === world.caller.appId)!;
  const stranger = { ...caller, id: strangerId, roles: [] };
  const audiences = { arm: resourceManagerAudiences[0], graph: graphAudiences(world)[0] ?? "" };
  for (const [account, record] of Object.entries({ home: stranger, elsewhere: caller })) {
    for (const [service, audience] of Object.entries(audiences)) {
      const token = await issueToken(world, { audience, subject: { kind: "service-principal", record } });
      const answer = { accessToken: token, expires_on: Math.floor(Date.now() / 1000) + 3600 };
      await writeFile(join(folder, `${account}-${service}`), JSON.stringify(answer));
    }
  }
  const script = `#!/bin/sh
[ "$1" = cloud ] && echo ${world.azureUrl} && exit
echo "$*" >> ${folder}/asked
case "$6" in *management*) service=arm ;; *) service=graph ;; esac
case "$*" in
  *--tenant*|*"--subscription Prod B") cat ${folder}/elsewhere-$service ;;
  *--subscription*) echo "ERROR: Subscription '$8' not found. Check the spelling and casing and try again." >&2; exit 1 ;;
  *) cat ${folder}/home-$service ;;
esac
`;
  await writeFile(join(folder, "az"), script, { mode: 0o700 });
}

function setup(...args: readonly string[]): Promise<Run> {
  const env = {
    PATH: `${folder}:${process.env["PATH"]}`,
    AZURE_TENANT_ID: undefined,
    AZURE_CLIENT_ID: undefined,
    AZURE_CLIENT_SECRET: undefined,
    AZURE_SUBSCRIPTION_ID: undefined,
  };
  const usual = ["--registry", "myregistry", "-n", "awesomeapps", "--auth", "cli", "-y", "-o", "json"];
  return runSafely(sandbox, ["setup", ...usual, ...args], { env });
}

describe("az that is signed in to several tenants", () => {
  test("signs setup in to the one of the subscription that is named", async () => {
    const run = await setup("--subscription", "Prod B");
    expect(run.code, run.stderr).toBe(0);
    expect(entryOf(sandbox)).toBeDefined();
  });

  test("is told the tenant, and no subscription, if a tenant is named as well", async () => {
    const run = await setup("--subscription", "Prod B", "--tenant", sandbox.world.tenantId, "--dry-run");
    expect(run.code, run.stderr).toBe(0);
    const asked = await readFile(join(folder, "asked"), "utf8");
    expect(asked).toContain(`--tenant ${sandbox.world.tenantId}`);
    expect(asked).not.toContain("--subscription");
  });

  test.each([
    ["sees nothing in the usual one", []],
    ["does not know the subscription that is named", ["--subscription", "Prod C"]],
    ["cannot be asked for a name of that form", ["--subscription", "Prod (C)"]],
  ])("and %s: is refused with the tenant that was searched, and how to name another", async (_what, args) => {
    const run = await setup(...args);
    expect([run.code, run.json.error]).toMatchObject([3, { code: "azure.no-subscription" }]);
    expect(run.json.error.message).toContain(`tenant ${sandbox.world.tenantId}`);
    expect(run.json.error.hint).toContain("--tenant");
  });
});
