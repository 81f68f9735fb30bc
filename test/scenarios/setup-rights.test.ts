import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { builtInRole, repositoriesIn } from "../../src/domain/role.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { liveAssignments, livePasswords, marksOf, runProgram, setup, type Run } from "../program.ts";

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox({ checkInvariants: true });
});
afterEach(async () => {
  const { violations } = sandbox;
  await sandbox.close();
  if (violations.length > 0) throw new Error(JSON.stringify(violations));
});

const abac = ["--registry", "abacregistry"];

async function succeed(args: readonly string[] = []): Promise<Run> {
  const run = await setup(sandbox, args);
  expect(run.code, run.stderr).toBe(0);
  return run;
}

/** The roles that are assigned, each with the repositories that it is limited to. */
function standing(): string[] {
  return liveAssignments(sandbox)
    .map(({ roleDefinitionId, condition }) =>
      [builtInRole(roleDefinitionId)?.name, ...repositoriesIn(condition ?? "")].join(" "),
    )
    .sort();
}

const reader = "Container Registry Repository Reader";
const writer = "Container Registry Repository Writer";

describe("setup that says nothing of the principal's rights", () => {
  it("keeps the role that stands, and records it beside the credential", async () => {
    await succeed(["--role", "acrpush"]);
    const run = await succeed(["-n", "default"]);
    expect(standing()).toEqual(["AcrPush"]);
    expect(run.json.roleAssignments).toMatchObject([
      { requestedRole: "acrpush", role: "AcrPush", action: "unchanged" },
    ]);
    expect(Object.values(marksOf(sandbox, "default"))[0].role).toBe("acrpush");
    const verified = await runProgram(sandbox, ["verify", "-n", "default", "-o", "json"]);
    expect(verified.code, verified.stdout).toBe(0);
  });

  it("keeps the limit that stands, and proves a pull within it", async () => {
    await succeed([...abac, "--repository", "team/*"]);
    const run = await succeed([...abac, "-n", "default"]);
    expect(standing()).toEqual([`${reader} team/*`]);
    expect(run.json.verification.status).toBe("passed");
    const again = await succeed([...abac, "-n", "default"]);
    expect(again.json.secrets[0].action).toBe("unchanged");
  });

  it("keeps an owner, asks for no consent again, and makes the next cluster's principal none", async () => {
    await succeed(["--role", "owner", "--allow-privileged-role=owner"]);
    await succeed(["-n", "default"]);
    expect(standing()).toEqual(["Owner"]);
    await succeed(["--context", "sandbox-staging"]);
    expect(standing()).toEqual(["AcrPull", "Owner"]);
  });

  it("keeps a condition that somebody put on our role, and says so", async () => {
    await succeed([...abac, "--repository", "team/app"]);
    const held = liveAssignments(sandbox)[0]!;
    held.condition = held.condition!.replace("StringEqualsIgnoreCase", "StringEquals");
    const { condition } = held;
    const run = await succeed([...abac, "-n", "default"]);
    expect(liveAssignments(sandbox).map((one) => one.condition)).toEqual([condition]);
    expect(run.stderr).toContain("stays limited by a condition that acr-pull did not write");
    const other = await setup(sandbox, [...abac, "-n", "default", "--role", "acrpush"]);
    expect([other.code, other.json.error.code]).toEqual([2, "repository.limit-unreadable"]);
    await succeed([...abac, "-n", "default", "--repository", "team/*"]);
    expect(standing()).toEqual([`${reader} team/*`]);
  });

  it("keeps both roles of a change that was cut off, and tells how to settle it", async () => {
    await succeed(["--role", "acrpush"]);
    const push = liveAssignments(sandbox)[0]!;
    await succeed(["--role", "acrpull"]);
    delete push.removedAt;
    const run = await succeed(["-n", "default"]);
    expect(standing()).toEqual(["AcrPull", "AcrPush"]);
    expect(run.stderr).toContain("--role replaces them");
    expect(Object.values(marksOf(sandbox, "default"))[0].role).toBe("acrpush");
    await succeed(["-n", "default", "--role", "acrpull"]);
    expect(standing()).toEqual(["AcrPull"]);
  });

  it("grants what means the same where the registry was switched to ABAC mode", async () => {
    await succeed(["--role", "acrpush"]);
    sandbox.world.registries[0]!.roleAssignmentMode = "AbacRepositoryPermissions";
    await succeed(["-n", "default"]);
    expect(standing()).toEqual([writer]);
  });

  it("does not let a limit go with the mode that knew it, unless that is said", async () => {
    await succeed([...abac, "--repository", "team/*"]);
    const registry = sandbox.world.registries.find(({ name }) => name === "abacregistry")!;
    registry.roleAssignmentMode = "LegacyRegistryPermissions";
    const run = await setup(sandbox, [...abac, "-n", "default"]);
    expect([run.code, run.json.error.code]).toEqual([2, "repository.needs-abac"]);
    expect(run.json.error.message).toContain("team/*");
    await succeed([...abac, "-n", "default", "--repository", "*"]);
    expect(standing()).toEqual(["AcrPull"]);
  });

  it("goes on with what somebody else granted, where that pulls", async () => {
    await succeed(["--role", "acrpush"]);
    const held = liveAssignments(sandbox)[0]!;
    Object.assign(held, { name: "by-hand", id: `${held.id}-by-hand` });
    const run = await succeed(["-n", "default", "--service-principal", principalOf(held.principalId)]);
    expect(run.json.roleAssignments).toMatchObject([{ role: "AcrPush", action: "reused" }]);
    expect(standing()).toEqual(["AcrPush"]);
  });
});

function principalOf(objectId: string): string {
  return sandbox.world.servicePrincipals.find(({ id }) => id === objectId)?.appId ?? "";
}

describe("setup that says one of the principal's rights", () => {
  it("keeps the limit where it says another role", async () => {
    await succeed([...abac, "--repository", "team/*"]);
    await succeed([...abac, "--role", "acrpush"]);
    expect(standing()).toEqual([`${writer} team/*`]);
  });

  it("keeps the role where it says other repositories, or all", async () => {
    await succeed([...abac, "--role", "acrpush", "--repository", "team/*"]);
    const planned = await succeed([...abac, "--repository", "base/os", "--dry-run"]);
    expect(planned.json.plan).toContainEqual(
      expect.objectContaining({
        target: `role assignment ${writer} on abacregistry`,
        before: expect.objectContaining({ repositories: "team/*" }),
        after: expect.objectContaining({ repositories: "base/os" }),
      }),
    );
    await succeed([...abac, "--repository", "base/os"]);
    expect(standing()).toEqual([`${writer} base/os`]);
    await succeed([...abac, "--repository", "*"]);
    expect(standing()).toEqual([writer]);
  });

  it("takes no other repository beside all of them", async () => {
    const run = await setup(sandbox, [...abac, "--repository", "*", "--repository", "team/app"]);
    expect([run.code, run.json.error.code]).toEqual([2, "usage.conflict"]);
    expect(livePasswords(sandbox)).toEqual([]);
  });

  it("shows people the repositories and not the condition", async () => {
    await succeed([...abac, "--repository", "team/*"]);
    const run = await runProgram(sandbox, ["setup", ...abac, "--repository", "*", "--dry-run"]);
    expect(run.stdout).toContain("repositories: team/* → all");
    expect(run.stdout).toContain(`${reader}, limited to team/* → ${reader}`);
    expect(run.stdout).not.toContain("ActionMatches");
  });

  it("changes nothing of a principal that other clusters use, and tells how to leave it as it is", async () => {
    await succeed(["--role", "acrpush"]);
    const application = sandbox.world.applications.find(({ uniqueName }) =>
      uniqueName?.startsWith("acr-pull-"),
    );
    const key = application!.passwords[0]!;
    const other = "0f0f0f0f-0000-4000-8000-000000000001";
    application!.passwords.push({ ...key, keyId: other, displayName: `acr-pull/${other}/${other}` });
    sandbox.invariants.maxLiveKeys = 2;
    const run = await setup(sandbox, ["--role", "acrpull"]);
    expect([run.code, run.json.error.code]).toEqual([2, "roles.shared-principal"]);
    expect(run.json.error.hint).toContain("Omit --role and --repository");
    await succeed(["-n", "default"]);
    expect(standing()).toEqual(["AcrPush"]);
  });
});
