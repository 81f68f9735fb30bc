import { afterEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { stopped } from "../stopped.ts";
import { livePasswords, runProgram, secretOf, setup, type Run, type RunOptions } from "../program.ts";

let sandbox: Sandbox;
afterEach(() => sandbox.close());

type Fault = NonNullable<SandboxOptions["faults"]>[number];

/** A first setup that meets one failure. */
async function failing(fault: Fault, args: readonly string[] = [], options: RunOptions = {}): Promise<Run> {
  sandbox = await startSandbox({ faults: [{ times: 99, ...fault }] });
  return await setup(sandbox, args, options);
}

/** The application in the sandbox that is not the caller's. */
function application() {
  const { applications, caller } = sandbox.world;
  return applications.find(({ appId }) => appId !== caller.appId);
}

const owner = "0a0a0a0a-0000-4000-8000-000000000001";
const half = { namespace: "awesomeapps", name: "acr-secret", action: "created" };

describe("setup that fails half way names what it made", () => {
  it("the application and the empty secret, where an owner cannot be added", async () => {
    const run = await failing({ match: "POST .*/owners/", status: 400 }, ["--owner", owner]);
    expect(run.code, run.stderr).toBe(4);
    expect(run.json.servicePrincipals).toMatchObject([{ appId: application()?.appId, action: "created" }]);
    expect(secretOf(sandbox)).toBeDefined();
    expect(run.json.secrets).toMatchObject([{ ...half, error: { code: "secret.unfinished" } }]);
    expect(run.json.verification).toMatchObject({ status: "skipped", reason: "not-reached" });
  });

  it("to people as well, without a word of a pull that was never tried", async () => {
    sandbox = await startSandbox({ faults: [{ match: "POST .*/owners/", times: 99, status: 400 }] });
    const args = ["--registry", "myregistry", "-n", "awesomeapps", "--owner", owner];
    const { code, stdout } = await runProgram(sandbox, ["setup", ...args, "-y"]);
    expect(code).toBe(4);
    expect(stdout).toContain(application()?.displayName);
    expect(stdout).toContain("It was created, but holds no password yet.");
    expect(stdout).toContain("not tried");
    expect(stdout).not.toContain("cannot pull");
  });

  it("and status knows it for an interrupted setup, and names the command that goes on", async () => {
    await failing({ match: "POST .*/owners/", times: 1, status: 400 }, ["--owner", owner]);
    const { stdout } = await runProgram(sandbox, ["status"]);
    const [, command = ""] = /run the same setup again:\n {2}acr-pull (.+)/.exec(stdout) ?? [];
    expect(command).toContain("--namespace awesomeapps");
    const again = await runProgram(sandbox, [...command.split(" "), "-y"]);
    expect(again.code, again.stderr).toBe(0);
  });

  it("the key and the namespace as well, where the role cannot be assigned", async () => {
    const run = await failing({ match: "PUT .*/roleAssignments/", status: 400, code: "BadRequest" }, [
      "-n",
      "fresh",
      "--create-namespace",
    ]);
    expect(run.code, run.stderr).toBe(4);
    expect(run.json.servicePrincipals[0].objectId).toEqual(expect.any(String));
    const [key] = livePasswords(sandbox);
    expect(run.json.credentials).toMatchObject([
      { appId: application()?.appId, keyId: key?.keyId, action: "created" },
    ]);
    expect(run.json.namespaces).toEqual([{ context: "sandbox", namespace: "fresh", action: "created" }]);
    expect(run.json.verification.status).toBe("skipped");
  });

  it("the first of two roles, where the second cannot be assigned", async () => {
    const args = ["--registry", "abacregistry", "--role", "owner", "--allow-privileged-role=owner"];
    const fault = { match: "PUT .*/roleAssignments/", nth: 2, status: 400, code: "BadRequest" };
    const run = await failing(fault, args);
    expect(run.code, run.stderr).toBe(4);
    expect(run.json.roleAssignments).toMatchObject([{ role: "Owner", action: "created" }]);
  });

  it("and says that a pull failed where one was tried", async () => {
    const run = await failing({ match: "GET .*/oauth2/token", status: 401 }, ["--timeout", "2s"]);
    expect(run.code, run.stderr).toBe(4);
    expect(run.json.verification.status).toBe("failed");
    expect(run.json.roleAssignments).toMatchObject([{ role: "AcrPull", action: "created" }]);
    expect(run.json.credentials).toHaveLength(1);
  });
});

it("setup tells of service accounts in the order in which it was told of their namespaces", async () => {
  sandbox = await startSandbox();
  // The first one finishes only some time after the other.
  let release: () => void = () => {};
  const others = new Promise<void>((resolve) => (release = resolve));
  sandbox.observe(async (phase, { mutating, path }) => {
    if (!mutating || !path.includes("/serviceaccounts/")) return;
    if (phase === "read" && path.includes("/awesomeapps/")) await others;
    if (phase === "answered" && path.includes("namespaces/default/")) setTimeout(release, 50);
  });
  const args = ["-n", "awesomeapps", "-n", "default", "--service-account", "default"];
  const run = await setup(sandbox, args);
  expect(run.code, run.stderr).toBe(0);
  const names = run.json.serviceAccounts.map(({ namespace }: { namespace: string }) => namespace);
  expect(names).toEqual(["awesomeapps", "default"]);
});

describe("setup that is told to stop half way", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("by %s names what it made", async (signal, code) => {
    sandbox = await startSandbox();
    const run = await stopped(sandbox, signal, ({ path }) => path.endsWith("/addPassword"), setup);
    expect(run.code, run.stderr).toBe(code);
    expect(run.json).toMatchObject({ command: "setup", ok: false, error: { code: "interrupted" } });
    expect(run.json.servicePrincipals).toMatchObject([{ appId: application()?.appId, action: "created" }]);
    expect(run.json.secrets).toMatchObject([half]);
    const [key] = livePasswords(sandbox);
    expect(run.json.credentials).toMatchObject([{ keyId: key?.keyId, action: "created" }]);
    expect(run.stderr).toContain("To continue");
  });
});

describe("setup by a pipeline that may not make others owners", () => {
  const args = ["--owner", owner];

  it("says so in the plan, and in the end what it takes", async () => {
    sandbox = await startSandbox();
    const planned = await setup(sandbox, [...args, "--dry-run"]);
    expect(planned.code, planned.stderr).toBe(0);
    expect(planned.json.warnings).toMatchObject([
      expect.stringMatching(
        /may not add other owners to an application, .*the first write decides\. .*az ad app owner add/,
      ),
    ]);
    const run = await setup(sandbox, args);
    expect(run.code, run.stderr).toBe(3);
    expect(run.json.error).toMatchObject({
      code: "directory.forbidden",
      hint: expect.stringContaining("Application.ReadWrite.All and Directory.Read.All"),
    });
    expect(application()?.removedAt).toBeDefined();
  });

  it("and says nothing of it where it may", async () => {
    const graphPermissions = ["Application.ReadWrite.All", "Directory.Read.All"] as const;
    sandbox = await startSandbox({ caller: { graphPermissions: [...graphPermissions] } });
    const planned = await setup(sandbox, [...args, "--dry-run"]);
    expect([planned.code, planned.json.warnings]).toEqual([0, []]);
  });
});
