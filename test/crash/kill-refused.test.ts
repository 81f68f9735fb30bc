import { expect, it } from "vitest";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { liveAssignments, livePasswords, remove, secretOf, setup } from "../program.ts";
import { expectOrder, runSignalled, type Kill } from "./kills.ts";
import { setupStarts } from "./starts.ts";

/**
 * What a setup asks to change whose password is refused, in its order, and how the next one ends; the first two go side
 * by side. One that finds the application among the deleted restores it, and does not delete for good what it did not
 * make.
 */
const changes: ReadonlyArray<readonly [RegExp, number]> = [
  [/PATCH .*\/applications\(/, 3],
  [/POST .*\/awesomeapps\/secrets/, 3],
  [/POST .*\/addPassword/, 3],
  [/DELETE .*\/applications\//, 4],
  [/DELETE .*\/deletedItems\//, 3],
  [/DELETE .*\/secrets\//, 3],
];
it.each(changes)(
  "setup whose password is refused, killed when it had asked for %s, is refused again and leaves nothing that works",
  async (request, exitCode) => {
    const policy = { passwordsForbidden: true };
    // One that was deleted and not yet for good is found again by who may look among the deleted.
    const caller = { graphPermissions: ["Application.ReadWrite.OwnedBy", "Application.Read.All"] };
    const sandbox = await startSandbox({ checkInvariants: true, policy, caller });
    try {
      const start = { ...setupStarts.nothing, arguments: ["-n", "awesomeapps"] };
      const { met } = await runSignalled(sandbox, start, { request, phase: "committed" });
      expect(met).toBeDefined();
      const again = await setup(sandbox);
      expect([again.code, again.json.error.code], again.stderr).toEqual([
        exitCode,
        "directory.passwords-forbidden",
      ]);
      expect([livePasswords(sandbox), liveAssignments(sandbox), sandbox.violations]).toEqual([[], [], []]);
      delete sandbox.world.policy.passwordsForbidden;
      const allowed = await setup(sandbox);
      expect(allowed.code, allowed.stderr).toBe(0);
      expectOrder(sandbox);
      expect((await remove(sandbox)).code).toBe(0);
      expect([livePasswords(sandbox), secretOf(sandbox)]).toEqual([[], undefined]);
    } finally {
      await sandbox.close();
    }
  },
  60_000,
);

it.each<Kill["phase"]>(["read", "committed"])(
  "setup killed at the password that it makes before the principal (%s) is finished by a second run, which leaves one key",
  async (phase) => {
    const sandbox = await startSandbox({ checkInvariants: true });
    try {
      const start = { ...setupStarts.nothing, arguments: ["-n", "awesomeapps"] };
      const { met } = await runSignalled(sandbox, start, { request: /POST .*\/addPassword/, phase });
      expect(met).toBeDefined();
      expect(sandbox.requests.entries.some(({ path }) => path.endsWith("/servicePrincipals"))).toBe(false);
      const again = await setup(sandbox);
      expect(again.code, again.stderr).toBe(0);
      expectOrder(sandbox);
      expect(sandbox.invariants.unknownKeys()).toEqual([]);
    } finally {
      await sandbox.close();
    }
  },
);
