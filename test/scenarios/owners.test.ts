import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { livePasswords, setup } from "../program.ts";
import { setUp } from "./already-set-up.ts";
import { expectDepartures, remove, removed } from "./removal.ts";
import { azureWrites, ownApplication, rotate, rotation, start } from "./rotation.ts";

/** Our applications that exist. */
function living({ world }: Sandbox) {
  return world.applications.filter(
    ({ uniqueName, removedAt }) => uniqueName?.startsWith("acr-pull-") && removedAt === undefined,
  );
}

/** Takes away every owner of an application as soon as it is registered, as if the directory had given it none. */
function registerWithoutOwner(sandbox: Sandbox): void {
  sandbox.observe((phase, { method, path }) => {
    if (phase === "committed" && method === "POST" && path.endsWith("/applications"))
      ownApplication(sandbox).owners.splice(0);
  });
}

/** Runs the command in a hint by which an administrator makes the caller an owner. */
function addOwnerAsTold({ world }: Sandbox, hint: string): void {
  const command = /az ad app owner add --id (\S+) --owner-object-id ([0-9a-f-]{36})/.exec(hint);
  const [, appId, objectId = ""] = command ?? [];
  const application = world.applications.find((one) => one.appId === appId);
  expect([application?.uniqueName, objectId], hint).toEqual([
    expect.stringMatching(/^acr-pull-/),
    world.caller.objectId,
  ]);
  application!.owners.push(objectId);
}

describe.concurrent("a pipeline that may change what it owns and nothing else", () => {
  it("sets up, rotates, removes, and sets up again", async (test) => {
    const sandbox = await start(test);
    const first = await setup(sandbox);
    expect(first.code, first.stderr).toBe(0);
    expect(living(sandbox)).toMatchObject([{ owners: [sandbox.world.caller.objectId] }]);
    await rotation(sandbox);
    expectDepartures(sandbox);
    await removed(sandbox);
    expect([living(sandbox), livePasswords(sandbox)]).toEqual([[], []]);
    expectDepartures(sandbox, []);
    const again = await setup(sandbox);
    expect(again.code, again.stderr).toBe(0);
    expect(living(sandbox)).toMatchObject([{ owners: [sandbox.world.caller.objectId] }]);
  });

  it("leaves the application that it made as it is, where the answer was lost and the password is refused", async (test) => {
    const sandbox = await start(test, { policy: { passwordsForbidden: true } });
    sandbox.setFaults([{ match: "POST .*/applications$", action: "drop", after: "commit" }]);
    const refused = await setup(sandbox);
    expect([refused.code, refused.json.error.code]).toEqual([4, "directory.passwords-forbidden"]);
    // Another run may have made it.
    expect(living(sandbox)).toHaveLength(1);
    delete sandbox.world.policy.passwordsForbidden;
    const again = await setup(sandbox);
    expect(again.code, again.stderr).toBe(0);
    expect([living(sandbox).length, livePasswords(sandbox).length]).toEqual([1, 1]);
  });
});

describe.concurrent("a pipeline that does not own the application, and may change only what it owns,", () => {
  it("is told by setup what an administrator has to do, and then finishes", async (test) => {
    const sandbox = await start(test);
    registerWithoutOwner(sandbox);
    const first = await setup(sandbox);
    expect([first.code, first.json.error.code], first.stderr).toEqual([4, "directory.not-owner"]);
    const before = azureWrites(sandbox).length;
    const plan = await setup(sandbox, ["--dry-run"]);
    expect(plan.json.warnings.join("\n")).toContain(first.json.error.hint.split("\n")[0]);
    expect(azureWrites(sandbox)).toHaveLength(before);
    const second = await setup(sandbox);
    expect([second.code, second.json.error.code], second.stderr).toEqual([3, "directory.not-owner"]);
    addOwnerAsTold(sandbox, second.json.error.hint);
    const third = await setup(sandbox);
    expect(third.code, third.stderr).toBe(0);
    expect([living(sandbox).length, livePasswords(sandbox).length]).toEqual([1, 1]);
  });

  it.for(["rotate", "remove"] as const)("is told so by %s, which changes nothing", async (command, test) => {
    const sandbox = await start(test);
    setUp(sandbox);
    ownApplication(sandbox).owners.splice(0);
    const run = command === "rotate" ? await rotate(sandbox) : await remove(sandbox);
    expect([run.code, run.json.error.code], run.stderr).toEqual([3, "directory.not-owner"]);
    expect([living(sandbox).length, livePasswords(sandbox).length]).toEqual([1, 1]);
    addOwnerAsTold(sandbox, run.json.error.hint);
    expectDepartures(sandbox);
    const again = command === "rotate" ? await rotate(sandbox) : await remove(sandbox);
    expect(again.code, again.stderr).toBe(0);
  });
});
