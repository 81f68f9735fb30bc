import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { liveAssignments, livePasswords, secretOf, setup } from "../program.ts";
import { setUp } from "./already-set-up.ts";
import { expectDone } from "./removal-variants.ts";
import { expectDepartures, removed, told } from "./removal.ts";
import { addSecret, keyIds, markOf, signsIn, start } from "./rotation.ts";

const appId = "99999999-2222-4333-8444-555555555555";
const secretText = "Vic8Q~password-of-the-victim-0123456789";
const keyId = "0b0b0b0b-0000-4000-8000-000000000001";
const byHand = { displayName: "by hand", secretText, keyId };

/** An application that acr-pull did not make, with a password of its owner. */
const shared: NonNullable<SandboxOptions["applications"]>[number] = {
  displayName: "ci-images",
  appId,
  owners: ["caller"],
  passwords: [byHand],
};

/** Runs setup with the password that the owner has. */
function setupGiven(sandbox: Sandbox, context: string): Promise<void> {
  const args = ["--context", context, "--service-principal", appId, "--password-stdin"];
  return expectDone(setup(sandbox, args, { input: secretText }));
}

/** How many roles the application holds. */
function rolesOf(sandbox: Sandbox): number {
  const { id } = sandbox.world.servicePrincipals.find((one) => one.appId === appId) ?? { id: "" };
  return liveAssignments(sandbox).filter(({ principalId }) => principalId === id).length;
}

/** A secret in default whose mark names the application, with a made-up password. */
function plant(sandbox: Sandbox): void {
  const host = sandbox.world.registries[0]!.loginServer;
  const mark = { ...markOf(sandbox), appId, keyId: null, expiresAt: null };
  const metadata = {
    namespace: "default",
    name: "planted",
    labels: { "acr-pull/managed": "true" },
    annotations: { "acr-pull/entries": JSON.stringify({ [host]: mark }) },
  };
  addSecret(sandbox, metadata, { auths: { [host]: { username: appId, password: "junkjunkjunk" } } });
  sandbox.invariants.watch();
}

describe.concurrent("remove, of an application that acr-pull did not make,", () => {
  it("takes no role back that only a forged mark leads to, for another cluster pulls by it", async (test) => {
    const sandbox = await start(test, { applications: [shared] });
    await setupGiven(sandbox, "sandbox-staging");
    setUp(sandbox);
    plant(sandbox);
    expectDepartures(sandbox);
    const run = await removed(sandbox);
    expect(told(run)).toContain("role-assignment kept (shared)");
    expect(rolesOf(sandbox)).toBe(1);
    expect(signsIn(sandbox, keyId)).toBe(true);
  });

  it("whose password several clusters were given: keeps the role, until a person names it", async (test) => {
    const sandbox = await start(test, { applications: [shared] });
    for (const context of ["sandbox", "sandbox-staging"]) await setupGiven(sandbox, context);
    expectDepartures(sandbox);
    const run = await removed(sandbox);
    expect(told(run)).toContain("role-assignment kept (shared)");
    expect(run.stderr).toContain(`--service-principal ${appId}`);
    expect([rolesOf(sandbox), signsIn(sandbox, keyId)]).toEqual([1, true]);
    expectDepartures(sandbox, [{ context: "sandbox-staging" }]);
    const last = await removed(sandbox, ["--context", "sandbox-staging", "--service-principal", appId]);
    expect(told(last)).toContain("role-assignment removed");
    expect(rolesOf(sandbox)).toBe(0);
  });

  it("takes the role back without being told, where nothing signs in as it but keys of this cluster", async (test) => {
    const sandbox = await start(test, { applications: [{ ...shared, passwords: [] }] });
    await expectDone(setup(sandbox, ["--service-principal", appId]));
    expectDepartures(sandbox);
    expect(told(await removed(sandbox))).toContain("role-assignment removed");
    expect(rolesOf(sandbox)).toBe(0);
  });

  it.for<[what: string, credential: object]>([
    ["a password", { passwords: [byHand] }],
    [
      "a federated credential",
      {
        passwords: [],
        federatedCredentials: [{ name: "ci", issuer: "https://token.example", subject: "ci" }],
      },
    ],
  ])("keeps it where somebody signs in as it by %s", async ([, credential], test) => {
    const sandbox = await start(test, { applications: [{ ...shared, ...credential }] });
    await expectDone(setup(sandbox, ["--service-principal", appId]));
    expectDepartures(sandbox);
    expect(told(await removed(sandbox))).toContain("role-assignment kept (shared)");
    expect(rolesOf(sandbox)).toBe(1);
  });
});

describe.concurrent("remove, where another cluster has the same id,", () => {
  const uid = "aaaaaaaa-1111-4222-8333-444444444444";
  const clones: SandboxOptions = {
    clusters: [
      { context: "sandbox", kubeSystemUid: uid },
      { context: "clone", kubeSystemUid: uid },
    ],
  };

  it("leaves the key that no secret here names, with role and application, and tells which flag takes it along", async (test) => {
    const sandbox = await start(test, clones);
    sandbox.invariants.maxLiveKeys = 3;
    const { keyId: ours } = setUp(sandbox);
    const { keyId: theirs } = setUp(sandbox, { context: "clone", beside: true });
    expectDepartures(sandbox);
    const run = await removed(sandbox);
    expect(told(run)).toEqual(
      expect.arrayContaining([
        "key removed",
        "key kept (unnamed)",
        "role-assignment kept (has-unnamed-key)",
        "application kept (has-unnamed-key)",
      ]),
    );
    expect(run.stderr).toContain(`--prune ${theirs}`);
    expect([signsIn(sandbox, ours), signsIn(sandbox, theirs)]).toEqual([false, true]);
    expect(secretOf(sandbox, "awesomeapps", "acr-secret", "clone")).toBeDefined();
  });

  it("removes it when a person names it, and with it all that is left", async (test) => {
    const sandbox = await start(test);
    sandbox.invariants.maxLiveKeys = 3;
    setUp(sandbox);
    const left = setUp(sandbox, { beside: true, namespaces: [] }).keyId;
    expectDepartures(sandbox);
    const run = await removed(sandbox, ["--prune", left]);
    expect(run.json.removed, run.stderr).toContainEqual(
      expect.objectContaining({ kind: "application", action: "removed" }),
    );
    expect([livePasswords(sandbox), liveAssignments(sandbox)]).toEqual([[], []]);
  });

  it("takes a key along that a pending mark here names", async (test) => {
    const sandbox = await start(test);
    sandbox.invariants.maxLiveKeys = 3;
    setUp(sandbox);
    setUp(sandbox, { beside: true, namespaces: [] });
    const [, left] = keyIds(sandbox);
    const key = sandbox.world.applications
      .flatMap(({ passwords }) => passwords)
      .find((one) => one.keyId === left);
    const operation = key?.displayName?.split("/").at(-1);
    const holder = { host: "gone", boot: "gone", pid: 1 };
    const pending = { operation, holder, renewedAt: "2026-01-01T00:00:00Z" };
    const host = sandbox.world.registries[0]!.loginServer;
    secretOf(sandbox)!.metadata.annotations!["acr-pull/entries"] = JSON.stringify({
      [host]: { ...markOf(sandbox), pending },
    });
    expectDepartures(sandbox);
    await removed(sandbox);
    expect([livePasswords(sandbox), liveAssignments(sandbox)]).toEqual([[], []]);
  });
});
