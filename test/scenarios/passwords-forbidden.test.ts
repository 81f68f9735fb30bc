import { describe, expect, it } from "vitest";
import { issueToken } from "../../src/sandbox/entra/token.ts";
import { graphRoutes } from "../../src/sandbox/graph/graph.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { dispatch, type SandboxRequest } from "../../src/sandbox/service.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { runSafely } from "../canary.ts";
import {
  liveAssignments,
  livePasswords,
  marksOf,
  secretOf,
  setup as plainSetup,
  type Run,
} from "../program.ts";
import { setUp } from "./already-set-up.ts";
import { expectTakenBack, ownApplications } from "./nothing-left.ts";
import { keyIds, ownApplication, rotate, start } from "./rotation.ts";

const day = 86_400_000;
const shared = "0b0b0b0b-0000-4000-8000-000000000001";
const sharedPuller = { displayName: "shared-puller", appId: shared, owners: ["caller"] };
const forbids = { passwordsForbidden: true } as const;

function setup(sandbox: Sandbox, args: readonly string[] = []): Promise<Run> {
  return plainSetup(sandbox, args);
}

/** All requests for a change. */
function writes({ requests }: Sandbox): string[] {
  return requests.mutating().map(({ method, path }) => `${method} ${path}`);
}

/** The run was refused and left nothing: what it would have granted was not made even for a moment. */
function expectNothingGranted(sandbox: Sandbox, run: Run, code: string): void {
  expectTakenBack(sandbox, run, code);
  expect(writes(sandbox).join("\n")).not.toMatch(/servicePrincipals|roleAssignments/);
}

describe.concurrent("setup, where the tenant allows no passwords and does not say so", () => {
  it("leaves nothing, however often, and works when they are allowed again", async (test) => {
    const sandbox = await start(test, { policy: { ...forbids } });
    for (let times = 1; times <= 2; times += 1) {
      const run = await setup(sandbox);
      expectNothingGranted(sandbox, run, "directory.passwords-forbidden");
      expect(run.json.error.hint).toMatch(
        /exemption.*\n.*appManagementPolicies.*\n.*--service-principal APP_ID/s,
      );
      expect(run.stderr).toMatch(/request id: /);
    }
    delete sandbox.world.policy.passwordsForbidden;
    const run = await setup(sandbox);
    expect(run.code, run.stderr).toBe(0);
  });

  it("leaves nothing where the directory lags behind either", async (test) => {
    const sandbox = await start(test, { policy: { ...forbids }, replicationLag: "3s" });
    const run = await setup(sandbox);
    expectNothingGranted(sandbox, run, "directory.passwords-forbidden");
    expect(run.stderr).toContain("Rolled back what was made: the application acr-pull-myregistry-");
  });

  it("tells what stays where it may not take its secret back", async (test) => {
    const rules = [{ verbs: ["get", "list", "create", "patch"], resources: ["*"] }];
    const sandbox = await start(test, {
      policy: { ...forbids },
      clusters: [{ context: "sandbox", namespaces: ["awesomeapps", "kube-system"], rules }],
    });
    const run = await setup(sandbox);
    expect([run.code, run.json.error.code], run.stderr).toEqual([4, "directory.passwords-forbidden"]);
    expect(run.json.error.message).toMatch(/could not be rolled back.*awesomeapps\/acr-secret/s);
    expect(ownApplications(sandbox)).toEqual([]);
    expect((await setup(sandbox)).json.error.code).toBe("directory.passwords-forbidden");
    sandbox.world.clusters[0]!.users[0]!.rules = [{ verbs: ["*"], resources: ["*"] }];
    expect((await runSafely(sandbox, ["remove", "--registry", "myregistry", "-y"])).code).toBe(0);
    expect(secretOf(sandbox)).toBeUndefined();
  });

  it("leaves an application that was named as it is, and the secret too", async (test) => {
    const sandbox = await start(test, { policy: { ...forbids }, applications: [sharedPuller] });
    const run = await setup(sandbox, ["--service-principal", shared]);
    expect([run.code, run.json.error.code], run.stderr).toEqual([3, "directory.passwords-forbidden"]);
    const { id } = sandbox.world.applications.at(-1)!;
    expect(run.json.error.hint).toContain(`POST /applications/${id}/appManagementPolicies/$ref`);
    expect(secretOf(sandbox)).toBeUndefined();
    expect(liveAssignments(sandbox)).toEqual([]);
  });
});

describe.concurrent("setup, where the tenant allows no passwords", () => {
  it.for<[string, SandboxOptions]>([
    ["and says so", { policy: { ...forbids, readable: true } }],
    ["and does not say so", { policy: { ...forbids } }],
  ])("%s, works with the exemption that its hint asks for", async ([, options], test) => {
    const sandbox = await start(test, { ...options, applications: [sharedPuller] });
    const refused = await setup(sandbox, ["--service-principal", shared]);
    expect(refused.json.error.code).toBe("directory.passwords-forbidden");
    await followHint(sandbox, refused.json.error.hint);
    const run = await setup(sandbox, ["--service-principal", shared]);
    expect(run.code, run.stderr).toBe(0);
    expect(livePasswords(sandbox)).toHaveLength(1);
  });

  it("and says so, asks for no write", async (test) => {
    const sandbox = await start(test, {
      policy: { ...forbids, readable: true, restrictsAppsCreatedAfter: "2026-01-02T00:00:00Z" },
    });
    const run = await setup(sandbox);
    expectNothingGranted(sandbox, run, "directory.passwords-forbidden");
    expect(run.json.error.message).toContain("applications made after 2026-01-02");
    expect(writes(sandbox)).toEqual([]);
  });

  it("but to callers such as this one, makes one", async (test) => {
    const policy = { ...forbids, readable: true, excludedActors: ["caller"] };
    const sandbox = await start(test, { policy });
    const run = await setup(sandbox);
    expect(run.code, run.stderr).toBe(0);
  });
});

/** Sends the requests that the hint gives to an administrator. */
async function followHint(sandbox: Sandbox, hint: string): Promise<void> {
  const [, exemption = ""] = /POST \/policies\/appManagementPolicies (\{.*\})/.exec(hint) ?? [];
  const [, path = "", reference = ""] = /POST (\/applications\/\S+) (\{.*\})/.exec(hint) ?? [];
  const made = await postAsAdministrator(sandbox, "/policies/appManagementPolicies", exemption);
  await postAsAdministrator(sandbox, path, reference.replace(/\bID\b/, String(made["id"])));
}

async function postAsAdministrator({ world }: Sandbox, path: string, body: string) {
  const audience = "https://graph.microsoft.com/";
  const [record] = world.users;
  const subject = { kind: "user", record: record!, clientId: "az", scope: "Policy.ReadWrite.All" } as const;
  const token = await issueToken(world, { audience, subject });
  const request: SandboxRequest = {
    method: "POST",
    path: `/v1.0${path}`,
    query: new URLSearchParams(),
    headers: { authorization: `Bearer ${token}` },
    body: Buffer.from(body),
    remoteAddress: "127.0.0.1",
    closed: new AbortController().signal,
  };
  const answer = await dispatch(graphRoutes(world), request);
  expect(answer?.status, JSON.stringify(answer?.body)).toBeLessThan(300);
  return (answer?.body ?? {}) as Record<string, unknown>;
}

describe.concurrent("setup, where the tenant does not let its policy be read for some reason", () => {
  it.for([400, 404, 500])("such as %i, does without", async (status, test) => {
    const sandbox = await start(test, {
      faults: [{ match: "GET .*/defaultAppManagementPolicy", status, times: 99 }],
    });
    const run = await setup(sandbox);
    expect(run.code, run.stderr).toBe(0);
  });

  it("of the application's own policies, does without", async (test) => {
    const sandbox = await start(test, {
      policy: { ...forbids, readable: true },
      applications: [{ ...sharedPuller, passwordPolicy: { passwordsForbidden: false } }],
      faults: [{ match: "GET .*/applications/.*/appManagementPolicies", status: 403, times: 99 }],
    });
    const run = await setup(sandbox, ["--service-principal", shared]);
    expect(run.code, run.stderr).toBe(0);
  });
});

describe.concurrent("the life of a new password", () => {
  it("is what the tenant allows, where it allows less than is usual, and the plan says so", async (test) => {
    const sandbox = await start(test, { policy: { maxPasswordLifetime: "P90D", readable: true } });
    const plan = await setup(sandbox, ["--dry-run"]);
    expect(plan.json.warnings).toEqual([expect.stringContaining("The new key is valid for 90d")]);
    const run = await setup(sandbox);
    expect(run.code, run.stderr).toBe(0);
    const [{ expiresAt }] = run.json.credentials;
    expect(Math.round((Date.parse(expiresAt) - Date.now()) / day)).toBe(90);
  });

  it("that is refused by a cap that nobody may read leaves nothing, and names max, which finds the longest that is allowed", async (test) => {
    const sandbox = await start(test, { policy: { maxPasswordLifetime: "P90D" } });
    const run = await setup(sandbox, ["--expires-in", "365d"]);
    expectNothingGranted(sandbox, run, "directory.password-lifetime");
    expect(run.json.error.hint).toMatch(/--expires-in max/);
    const again = await setup(sandbox);
    expectNothingGranted(sandbox, again, "directory.password-lifetime");
    const max = await setup(sandbox, ["--expires-in", "max"]);
    expect(max.code, max.stderr).toBe(0);
    const [{ expiresAt }] = max.json.credentials;
    expect(Math.round((Date.parse(expiresAt) - Date.now()) / day)).toBe(90);
  });

  it("that is refused however short leaves nothing, and says whom to ask", async (test) => {
    const sandbox = await start(test, { policy: { maxPasswordLifetime: "PT1H" } });
    const run = await setup(sandbox, ["--expires-in", "max"]);
    expectNothingGranted(sandbox, run, "directory.password-lifetime");
    expect(run.json.error.hint).toMatch(/Ask a tenant administrator/);
  });
});

const permissions = {
  create: "microsoft.directory/applications/create",
  credentials: "microsoft.directory/applications/credentials/update",
  principals: "microsoft.directory/servicePrincipals/create",
  remove: "microsoft.directory/applications/delete",
} as const;
type Permission = (typeof permissions)[keyof typeof permissions];

/** A caller whose token does not show what its directory roles allow. */
function callerWith(
  customRoles: ReadonlyArray<{ permissions: Permission[]; application?: string }>,
): SandboxOptions {
  return { caller: { graphPermissions: ["Application.Read.All"], customRoles: [...customRoles] } };
}

describe.concurrent("setup, by a caller whose token says nothing of its rights", () => {
  it("registers where a role of the tenant's own allows it", async (test) => {
    const { create, credentials, principals } = permissions;
    const sandbox = await start(test, callerWith([{ permissions: [create, credentials, principals] }]));
    const run = await setup(sandbox);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).toMatch(/warning: .*may not register applications.*the first write decides/s);
  });

  it("adds a password where a role on that one application allows it", async (test) => {
    const roles = [{ permissions: [permissions.credentials], application: "shared-puller" }];
    const sandbox = await start(test, {
      ...callerWith(roles),
      applications: [{ ...sharedPuller, owners: [] }],
    });
    const run = await setup(sandbox, ["--service-principal", shared]);
    expect(run.code, run.stderr).toBe(0);
  });

  it("leaves nothing where none allows it", async (test) => {
    const sandbox = await start(test, callerWith([]));
    const run = await setup(sandbox);
    expectNothingGranted(sandbox, run, "directory.forbidden");
    expect(run.json.error.message).toContain("may not register applications");
    expect(run.json.error.hint).toContain("Application.ReadWrite.OwnedBy");
  });

  it("tells what is left where it may register, and neither add a password nor delete for good", async (test) => {
    const { create, remove } = permissions;
    const sandbox = await start(test, callerWith([{ permissions: [create, remove] }]));
    sandbox.world.policy.membersMayRegisterApplications = false;
    const run = await setup(sandbox);
    expect([run.code, run.json.error.code], run.stderr).toEqual([4, "directory.forbidden"]);
    expect(run.json.error.message).toMatch(
      /could not be rolled back: Could not delete the application permanently/,
    );
  });

  it("leaves an application that is somebody else's as it is, and names its owners", async (test) => {
    const sandbox = await start(test, {
      ...callerWith([]),
      applications: [{ ...sharedPuller, owners: [] }],
    });
    sandbox.world.applications.at(-1)!.owners.push(sandbox.world.users[0]!.id);
    const run = await setup(sandbox, ["--service-principal", shared]);
    expect([run.code, run.json.error.code], run.stderr).toEqual([3, "directory.not-owner"]);
    expect(run.json.error.hint).toMatch(/^Its owners: /);
    expect(secretOf(sandbox)).toBeUndefined();
    expect(liveAssignments(sandbox)).toEqual([]);
  });
});

describe.concurrent("rotate", () => {
  const later = { restrictsAppsCreatedAfter: new Date(Date.now() - 30 * day).toISOString() };

  it("goes on where the tenant forbids passwords to later applications alone", async (test) => {
    const sandbox = await start(test, { policy: { ...forbids, ...later, readable: true } });
    setUp(sandbox);
    const run = await rotate(sandbox);
    expect(run.code, run.stderr).toBe(0);
  });

  it("is refused by a policy of the application's own, before any write", async (test) => {
    const sandbox = await start(test, { policy: { readable: true } });
    setUp(sandbox);
    ownApplication(sandbox).managementPolicy = { id: "p", displayName: "own", isEnabled: true, ...forbids };
    const run = await rotate(sandbox);
    expect([run.code, run.json.error.code], run.stderr).toEqual([3, "directory.passwords-forbidden"]);
    expect(writes(sandbox)).toEqual([]);
  });

  it.for<[string, SandboxOptions, string]>([
    [
      "where the tenant forbids passwords and does not say so",
      { policy: { ...forbids } },
      "directory.passwords-forbidden",
    ],
    ["by a caller who may not change the application", callerWith([]), "directory.not-owner"],
  ])("leaves all as it was %s", async ([, options, code], test) => {
    const sandbox = await start(test, options);
    const { keyId } = setUp(sandbox);
    if (code === "directory.not-owner") ownApplication(sandbox).owners.splice(0);
    const run = await rotate(sandbox);
    expect([run.code, run.json.error.code], run.stderr).toEqual([3, code]);
    expect(keyIds(sandbox)).toEqual([keyId]);
    expect(Object.values(marksOf(sandbox))[0]).not.toHaveProperty("pending");
  });

  it("by a caller whom a role on that one application lets change it, goes on", async (test) => {
    const sandbox = await start(test, callerWith([]));
    setUp(sandbox);
    const { displayName, owners } = ownApplication(sandbox);
    owners.splice(0);
    const { objectId: principalId } = sandbox.world.caller;
    const role = { principalId, permissions: [permissions.credentials], application: displayName };
    sandbox.world.customRoles.push(role);
    const run = await rotate(sandbox);
    expect(run.code, run.stderr).toBe(0);
  });
});

describe.concurrent("a key that cannot be renewed, for the tenant has come to forbid passwords,", () => {
  const policy = { ...forbids, readable: true, restrictsAppsCreatedAfter: "2020-01-01T00:00:00Z" };

  it("is warned of by status today, which is no reason to exit with 5", async (test) => {
    const sandbox = await start(test, { policy });
    const { expiresAt, appId } = setUp(sandbox);
    ownApplication(sandbox).owners.push(sandbox.world.users[0]!.id);
    const run = await runSafely(sandbox, ["status", "-o", "json"]);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.warnings).toEqual([
      {
        code: "application.passwords-forbidden",
        appId,
        message: expect.stringMatching(
          `forbids new passwords .*made after 2020-01-01: its key expires on ${expiresAt.slice(0, 10)} and cannot be renewed`,
        ),
      },
    ]);
  });

  it("is warned of by verify today", async (test) => {
    const sandbox = await start(test, { policy });
    const { expiresAt } = setUp(sandbox);
    const run = await runSafely(sandbox, ["verify", "-n", "awesomeapps", "-o", "json"]);
    expect(run.code, run.stderr).toBe(0);
    expect(run.json.checks).toContainEqual(
      expect.objectContaining({
        id: "expiry",
        status: "warn",
        message: expect.stringMatching(new RegExp(`expires on ${expiresAt}, .* cannot be renewed`)),
        fix: expect.stringContaining("exempt the application"),
      }),
    );
  });

  it.each(["status", "verify"])("is not warned of by %s where an exemption is made", async (command) => {
    const sandbox = await startSandbox({ policy });
    try {
      setUp(sandbox);
      const rules = { isEnabled: true, passwordsForbidden: false };
      ownApplication(sandbox).managementPolicy = { id: "p", displayName: "own", ...rules };
      const run = await runSafely(sandbox, [command, "-n", "awesomeapps", "-o", "json"]);
      expect(run.code, run.stderr).toBe(0);
      expect(run.stdout).not.toMatch(/passwords-forbidden|cannot be renewed/);
    } finally {
      await sandbox.close();
    }
  });
});
