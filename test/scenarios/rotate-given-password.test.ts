import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { setup } from "../program.ts";
import {
  azureWrites,
  countingWrites,
  endGrace,
  heldKeys,
  markOf,
  rotate,
  rotation,
  signsIn,
  start,
} from "./rotation.ts";

const keyId = "0a0a0a0a-1111-4111-8111-111111111111";
const other = "0a0a0a0a-2222-4222-8222-222222222222";
const secretText = "giv8Q~en-by-hand-0123456789012345678901";
const appId = "0a0a0a0a-3333-4333-8333-333333333333";
/** Before the first rotation, nothing proves that this cluster pulls as an application that acr-pull did not make. */
const named = ["--service-principal", appId];
const teamApp: NonNullable<SandboxOptions["applications"]>[number] = {
  displayName: "team",
  appId,
  owners: ["caller"],
  passwords: [{ displayName: "by hand", secretText, keyId }],
  roles: [{ role: "AcrPull", scope: "myregistry" }],
};

/** A sandbox in which setup was given the password of an application that it did not make. */
async function startGiven(
  test: Parameters<typeof start>[0],
  application: typeof teamApp = teamApp,
): Promise<Sandbox> {
  const sandbox = await start(test, { applications: [application] });
  const run = await setup(sandbox, ["--service-principal", "team", "--password-stdin"], {
    input: secretText,
  });
  expect(run.code, run.stderr).toBe(0);
  return sandbox;
}

describe.concurrent("rotate, of a password that was given by hand,", () => {
  it("makes a key of ours, takes the given one out when its time is over, leaves it valid, and tells so beforehand", async (test) => {
    const sandbox = await startGiven(test);
    const { keyId: made, stderr } = await rotation(sandbox, named);
    expect(stderr).toMatch(/acr-pull did not make the key .* it stays valid/);
    expect(heldKeys(sandbox)).toEqual({ plain: made, https: keyId });
    endGrace(sandbox);
    const run = await rotation(sandbox, ["--finish"]);
    expect(run).toMatchObject({
      state: "rotated",
      replaced: keyId,
      retired: false,
      retireBlocked: "key-not-ours",
    });
    expect(heldKeys(sandbox)).toEqual({ plain: made, https: undefined });
    expect(markOf(sandbox)).not.toHaveProperty("retire");
    expect([signsIn(sandbox, keyId), azureWrites(sandbox)]).toEqual([true, ["POST addPassword"]]);
    const again = await countingWrites(sandbox, () => rotation(sandbox, ["--finish"]));
    expect([again.writes, again.result.state]).toEqual([0, "unchanged"]);
  });

  it("leaves it valid also where parts of the directory do not list it yet", async (test) => {
    const sandbox = await startGiven(test);
    await rotation(sandbox, named);
    endGrace(sandbox);
    // Everything but the given one is old, so every replica knows it.
    const { applications, servicePrincipals, roleAssignments, replication } = sandbox.world;
    const keys = applications.flatMap(({ passwords }) => passwords);
    for (const one of [...keys, ...applications, ...servicePrincipals, ...roleAssignments]) {
      const createdAt = one.createdAt - 3_600_000;
      Object.assign(one, { createdAt: "keyId" in one && one.keyId === keyId ? Date.now() : createdAt });
    }
    replication.lagMs = 600_000;
    const run = await rotation(sandbox, ["--finish"]);
    expect(run).toMatchObject({ state: "rotated", retired: false, retireBlocked: "key-not-ours" });
    expect(signsIn(sandbox, keyId)).toBe(true);
  });

  it("whose id nothing tells makes a key, and leaves the given one valid", async (test) => {
    // Two passwords begin alike, so the hint fits both.
    const passwords = [
      ...(teamApp.passwords ?? []),
      { displayName: "its like", secretText: `${secretText.slice(0, 6)}another`, keyId: other },
    ];
    const sandbox = await startGiven(test, { ...teamApp, passwords });
    expect(markOf(sandbox).keyId).toBeNull();
    const begun = await rotation(sandbox, named);
    expect(begun).toMatchObject({ state: "pending", replaced: null });
    expect(begun.stderr).toContain("its id is not known");
    endGrace(sandbox);
    const run = await rotation(sandbox, ["--finish"]);
    expect(run).toMatchObject({ retired: false, retireBlocked: "key-unknown" });
    expect([signsIn(sandbox, keyId), signsIn(sandbox, other)]).toEqual([true, true]);
  });

  it("of an application that is not the caller's to change is refused, and says what to do", async (test) => {
    const sandbox = await startGiven(test, { ...teamApp, owners: [] });
    const run = await rotate(sandbox, named);
    expect([run.code, run.json.error.code], run.stderr).toEqual([3, "directory.not-owner"]);
    expect(run.json.error.hint).toMatch(/--owner|owner/);
    expect(markOf(sandbox)).not.toHaveProperty("pending");
    expect(heldKeys(sandbox).plain).toBe(keyId);
  });

  it("with --compromised refuses before anything is made", async (test) => {
    const sandbox = await startGiven(test);
    const { result, writes } = await countingWrites(sandbox, () =>
      rotate(sandbox, ["--compromised", "-n", "awesomeapps", ...named]),
    );
    expect([result.code, result.json.error.code, writes]).toEqual([2, "rotate.key-not-ours", 0]);
    expect(result.json.error.hint).toContain(`--key-id ${keyId}`);
  });
});

describe.concurrent("rotate, of what was set up without Azure,", () => {
  it("knows the registry by its login server, and makes a key", async (test) => {
    const sandbox = await start(test, { applications: [teamApp] });
    const { loginServer } = sandbox.world.registries[0]!;
    const args = ["--registry", loginServer, "--service-principal", appId, "--password-stdin"];
    const run = await setup(sandbox, args, { input: secretText });
    expect(run.code, run.stderr).toBe(0);
    const { state, registry } = await rotation(sandbox, ["--registry", loginServer, ...named]);
    expect([state, registry]).toEqual(["pending", loginServer]);
  });
});
