import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { livePasswords, setup } from "../program.ts";
import { expectDepartures, removed } from "./removal.ts";
import { rotation, start } from "./rotation.ts";

/** Our applications that exist. */
function living({ world }: Sandbox) {
  return world.applications.filter(
    ({ uniqueName, removedAt }) => uniqueName?.startsWith("acr-pull-") && removedAt === undefined,
  );
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
    expect([refused.code, refused.json.error.code]).toEqual([3, "directory.passwords-forbidden"]);
    // Another run may have made it.
    expect(living(sandbox)).toHaveLength(1);
    delete sandbox.world.policy.passwordsForbidden;
    const again = await setup(sandbox);
    expect(again.code, again.stderr).toBe(0);
    expect([living(sandbox).length, livePasswords(sandbox).length]).toEqual([1, 1]);
  });
});
