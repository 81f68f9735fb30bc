import { describe, expect, it } from "vitest";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { livePasswords, setup } from "../program.ts";
import { Clients } from "./clients.ts";
import { lacks } from "./peer.ts";

describe.skipIf(lacks("az"))("a person who signs in to az (needs az)", () => {
  it("with a password alone signs in as setup says, and then the same setup works", async (test) => {
    const sandbox = await startSandbox();
    test.onTestFinished(() => sandbox.close());
    sandbox.world.users[0]!.multiFactor = false;
    const clients = await Clients.of(sandbox);
    const config = { AZURE_CONFIG_DIR: await clients.newPath() };
    const signIn = `az login --use-device-code --tenant ${sandbox.world.tenantId}`;
    await clients.shell(
      `az cloud register -n sandbox --endpoint-resource-manager $ACR_PULL_CLOUD; az cloud set -n sandbox; ${signIn}`,
      config,
    );
    const env = { ...config, AZURE_CLIENT_ID: undefined, AZURE_CLIENT_SECRET: undefined };
    const refused = await setup(sandbox, ["--auth", "cli"], { env });
    expect([refused.code, refused.json.error.code], refused.stderr).toEqual([3, "azure.mfa-required"]);
    expect(livePasswords(sandbox)).toEqual([]);
    const [, command = ""] = /: (az login .+)$/.exec(refused.json.error.hint) ?? [];
    // No browser opens here.
    await clients.shell(`${command} --use-device-code`, config);
    const run = await setup(sandbox, ["--auth", "cli"], { env });
    expect(run.code, run.stderr).toBe(0);
    expect(livePasswords(sandbox)).toHaveLength(1);
  });
});
