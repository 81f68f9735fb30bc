import { afterEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { liveAssignments, livePasswords, setup } from "../program.ts";

let sandbox: Sandbox;
afterEach(async () => {
  await sandbox.close();
});

describe("setup, while the services learn of each other's writes only after 5 seconds", () => {
  it("waits everything out, says what for, and succeeds", async () => {
    sandbox = await startSandbox({ replicationLag: "5s" });
    const run = await setup(sandbox);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).toMatch(/^… Waiting for Entra to recognize the new application, try 1, up to 20m$/m);
    expect(livePasswords(sandbox)).toHaveLength(1);
    expect(liveAssignments(sandbox)).toHaveLength(1);
  });

  it("run again at once believes no stale refusal: same key, no change", async () => {
    sandbox = await startSandbox({ replicationLag: "5s" });
    const first = await setup(sandbox);
    const before = sandbox.requests.mutating().length;
    const again = await setup(sandbox);
    expect(again.code, again.stderr).toBe(0);
    expect(again.json.credentials[0].keyId).toBe(first.json.credentials[0].keyId);
    expect(sandbox.requests.mutating().length).toBe(before);
  });

  it("sees a role that was granted just now, and grants none in its place", async () => {
    const shared = {
      displayName: "shared",
      owners: ["caller"],
      roles: [{ role: "AcrPull", scope: "myregistry" }],
    };
    sandbox = await startSandbox({ applications: [shared] });
    const { applications, servicePrincipals, roleAssignments, replication } = sandbox.world;
    for (const one of [...applications, ...servicePrincipals, ...roleAssignments]) {
      Object.assign(one, { createdAt: one.createdAt - 3_600_000 });
    }
    const role = roleAssignments.find(({ principalId }) => principalId === servicePrincipals.at(-1)?.id);
    Object.assign(role!, { createdAt: Date.now() });
    replication.lagMs = 600_000;
    // Reads meet the replicas in turn. The first list of roles meets one that does not know the new role.
    replication.read();
    const run = await setup(sandbox, ["--service-principal", "shared", "--dry-run"]);
    expect(run.code, run.stderr).toBe(0);
    const roles = run.json.plan.filter(({ target }: { target: string }) =>
      target.startsWith("role assignment "),
    );
    expect(roles.map(({ action }: { action: string }) => action)).not.toContain("created");
  });

  it("for another namespace at once copies the young credential, whatever the next replica says of it", async () => {
    sandbox = await startSandbox({ replicationLag: "5s" });
    const first = await setup(sandbox, ["-n", "default"]);
    const copies: Array<[number | null, string, string]> = [];
    for (const secret of ["one", "two", "three", "four"]) {
      const copy = await setup(sandbox, ["--secret-name", secret]);
      copies.push([copy.code, copy.json.credentials[0]?.action, copy.json.credentials[0]?.keyId]);
    }
    const { keyId } = first.json.credentials[0];
    expect(copies).toEqual(Array.from({ length: 4 }, () => [0, "copied", keyId]));
  });

  it("on an ABAC registry does the same", async () => {
    sandbox = await startSandbox({ replicationLag: "5s" });
    const run = await setup(sandbox, [
      "--registry",
      "abacregistry",
      "--repository",
      "my-awesome-app",
      "--image",
      "my-awesome-app:v1",
    ]);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.verification.status).toBe("passed");
  });
});
