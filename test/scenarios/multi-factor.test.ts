import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { azOfAPerson } from "../az-of-a-person.ts";
import { runSafely } from "../canary.ts";
import { liveAssignments, livePasswords, setup, type Run } from "../program.ts";
import { expectNothingLeft } from "./nothing-left.ts";
import { start } from "./rotation.ts";

const passwordAlone = {
  users: [
    {
      userPrincipalName: "ada@sandbox.example",
      displayName: "Ada",
      directoryRoles: ["9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"],
      roles: [{ role: "Owner" }],
      multiFactor: false,
    },
  ],
};

/** What Azure asks for: a token that shows multi-factor authentication. */
const challenge = Buffer.from('{"access_token":{"acrs":{"essential":true,"values":["p1"]}}}').toString(
  "base64",
);

/** The run says how to sign in. */
function expectDemand(sandbox: Sandbox, run: Run, exit: number): void {
  expect([run.code, run.json.error.code], run.stderr).toEqual([exit, "azure.mfa-required"]);
  expect(run.json.error.message).toContain("multi-factor authentication (MFA)");
  const login = `az login --tenant ${sandbox.world.tenantId} --claims-challenge ${challenge}`;
  expect(run.json.error.hint).toMatch(new RegExp(`MFA .*: ${login}$`, "m"));
}

describe.concurrent("a person who signed in to az with a password alone", () => {
  it("is told how to sign in, nothing is left, and then the same command works", async (test) => {
    const sandbox = await start(test, passwordAlone);
    const az = await azOfAPerson(sandbox);
    await az.logIn(false);
    const refused = await setup(sandbox, ["--auth", "cli"], { env: az.env });
    expectDemand(sandbox, refused, 3);
    expect(refused.stderr).toContain("Rolled back what was made: the application acr-pull-myregistry-");
    expectNothingLeft(sandbox);
    await az.logIn(true);
    const run = await setup(sandbox, ["--auth", "cli"], { env: az.env });
    expect(run.code, run.stderr).toBe(0);
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it("may look, and renew a password; a removal goes on after the right sign-in", async (test) => {
    // A removal takes a secret's pull away.
    const sandbox = await start(test, { ...passwordAlone, checkInvariants: false });
    const az = await azOfAPerson(sandbox);
    await az.logIn(true);
    await setup(sandbox, ["--auth", "cli"], { env: az.env });
    await az.logIn(false);
    const asCli = (command: string) =>
      runSafely(sandbox, [...command.split(" "), "--auth", "cli", "-o", "json"], { env: az.env });
    expect((await asCli("verify -n awesomeapps")).code).toBe(0);
    const again = await setup(sandbox, ["--auth", "cli"], { env: az.env });
    expect(again.code, again.stderr).toBe(0);
    expect((await asCli("rotate --yes --settle 0s")).code).toBe(0);
    expectDemand(sandbox, await asCli("remove --registry myregistry --yes --settle 0s"), 4);
    await az.logIn(true);
    expect((await asCli("remove --registry myregistry --yes --settle 0s")).code).toBe(0);
    expectNothingLeft(sandbox);
  });
});

describe.concurrent("a person who signs in with a device code", () => {
  it("is asked for a second factor in the same run", async (test) => {
    const sandbox = await start(test, passwordAlone);
    const run = await setup(sandbox, ["--auth", "device-code"]);
    expect(run.code, run.stderr).toBe(0);
    const codes = sandbox.requests.entries.filter(({ path }) => path.endsWith("/devicecode"));
    expect(codes).toHaveLength(2);
    expect(run.stderr).toContain("Azure demands a stronger sign-in (MFA) for this. To sign in, open ");
    expect(liveAssignments(sandbox)).toHaveLength(1);
  });

  it("is not asked twice if the first sign-in included it", async (test) => {
    const sandbox = await start(test);
    const run = await setup(sandbox, ["--auth", "device-code"]);
    expect(run.code, run.stderr).toBe(0);
    expect(sandbox.requests.entries.filter(({ path }) => path.endsWith("/devicecode"))).toHaveLength(1);
  });
});
