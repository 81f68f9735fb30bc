import { describe, expect, it } from "vitest";
import { exists } from "../../src/sandbox/replication.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { azOfAPerson } from "../az-of-a-person.ts";
import { runSafely } from "../canary.ts";
import { liveAssignments, livePasswords, secretOf, setup, type Run } from "../program.ts";
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

function expectRefused(sandbox: Sandbox, run: Run): void {
  expect([run.code, run.json.error.code], run.stderr).toEqual([3, "azure.mfa-required"]);
  expect(run.json.error.message).toContain("multi-factor authentication (MFA)");
  const login = `az login --tenant ${sandbox.world.tenantId} --claims-challenge ${challenge}`;
  expect(run.json.error.hint).toMatch(new RegExp(`MFA .*: ${login}$`));
}

function expectNothingLeft(sandbox: Sandbox): void {
  const { applications } = sandbox.world;
  expect(applications.filter((one) => one.uniqueName !== null && exists(one))).toEqual([]);
  expect(livePasswords(sandbox)).toEqual([]);
  expect(liveAssignments(sandbox)).toEqual([]);
  expect(secretOf(sandbox)).toBeUndefined();
}

describe.concurrent("a person who signed in to az with a password alone", () => {
  it("is told before the first write how to sign in, and then the same command works", async (test) => {
    const sandbox = await start(test, passwordAlone);
    const az = await azOfAPerson(sandbox);
    await az.logIn(false);
    for (const form of ["--dry-run", "--yes"]) {
      expectRefused(sandbox, await setup(sandbox, [form, "--auth", "cli"], { env: az.env }));
      expect(sandbox.requests.mutating()).toEqual([]);
    }
    await az.logIn(true);
    const run = await setup(sandbox, ["--auth", "cli"], { env: az.env });
    expect(run.code, run.stderr).toBe(0);
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it("leaves nothing where only the role's refusal says it", async (test) => {
    const sandbox = await start(test, passwordAlone);
    const az = await azOfAPerson(sandbox);
    // The token does not say how the person signed in, as one of a private cloud.
    await az.logIn(undefined);
    const run = await setup(sandbox, ["--auth", "cli"], { env: az.env });
    expectRefused(sandbox, run);
    expect(run.stderr).toContain("Rolled back what was made: the application acr-pull-myregistry-");
    expectNothingLeft(sandbox);
    await az.logIn(true);
    expect((await setup(sandbox, ["--auth", "cli"], { env: az.env })).code).toBe(0);
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it("may look, and renew a password, but not remove a role", async (test) => {
    const sandbox = await start(test, passwordAlone);
    const az = await azOfAPerson(sandbox);
    await az.logIn(true);
    await setup(sandbox, ["--auth", "cli"], { env: az.env });
    await az.logIn(false);
    const asCli = (command: string) =>
      runSafely(sandbox, [...command.split(" "), "--auth", "cli", "-o", "json"], { env: az.env });
    expect((await asCli("verify -n awesomeapps")).code).toBe(0);
    const again = await setup(sandbox, ["--auth", "cli"], { env: az.env });
    expect(again.code, again.stderr).toBe(0);
    const writes = sandbox.requests.mutating().length;
    expectRefused(sandbox, await asCli("remove --registry myregistry --yes"));
    expect(sandbox.requests.mutating()).toHaveLength(writes);
    expect((await asCli("rotate --yes --settle 0s")).code).toBe(0);
  });
});

describe.concurrent("a person who signs in with a device code", () => {
  it("is asked for a second factor before the first write, in the same run", async (test) => {
    const sandbox = await start(test, passwordAlone);
    const run = await setup(sandbox, ["--auth", "device-code"]);
    expect(run.code, run.stderr).toBe(0);
    const lines = sandbox.requests.entries.map(({ method, path }) => `${method} ${path}`);
    const codes = lines.filter((line) => line.endsWith("/devicecode"));
    expect(codes).toHaveLength(2);
    const firstWrite = sandbox.requests.mutating()[0]!;
    const asked = sandbox.requests.entries.findLast(({ path }) => path.endsWith("/devicecode"))!;
    expect(sandbox.requests.entries.indexOf(asked)).toBeLessThan(
      sandbox.requests.entries.indexOf(firstWrite),
    );
  });

  it("is not asked twice if the first sign-in included it", async (test) => {
    const sandbox = await start(test);
    const run = await setup(sandbox, ["--auth", "device-code"]);
    expect(run.code, run.stderr).toBe(0);
    expect(sandbox.requests.entries.filter(({ path }) => path.endsWith("/devicecode"))).toHaveLength(1);
  });
});
