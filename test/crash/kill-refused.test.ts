import { expect, it } from "vitest";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { liveAssignments, livePasswords, remove, secretOf, setup } from "../program.ts";
import { expectOrder, runSignalled, type Kill } from "./kills.ts";
import { setupStarts } from "./starts.ts";

const ownedBy = "Application.ReadWrite.OwnedBy";
const application = /DELETE .*\/applications\//;

/**
 * The changes that a setup asks for when its password is refused, in order, with the exit code of the next setup and
 * the caller's permissions. The first two changes happen side by side. A setup that sees the application among the
 * deleted restores it, and does not permanently delete what it did not create. One that may not look there deletes it
 * permanently, relying on the mark, and creates it again.
 */
const changes: ReadonlyArray<readonly [RegExp, number, string[]]> = [
  [/POST .*\/applications$/, 3, [ownedBy]],
  [/POST .*\/awesomeapps\/secrets/, 3, [ownedBy]],
  [/POST .*\/addPassword/, 3, [ownedBy]],
  [application, 3, [ownedBy]],
  [application, 4, [ownedBy, "Application.Read.All"]],
  [/DELETE .*\/deletedItems\//, 3, [ownedBy]],
  [/DELETE .*\/secrets\//, 3, [ownedBy]],
];
it.each(changes)(
  "setup whose password is refused, killed when it had asked for %s, is refused again (exit %i with %j) and leaves nothing that works",
  async (request, exitCode, graphPermissions) => {
    const policy = { passwordsForbidden: true };
    const sandbox = await startSandbox({ checkInvariants: true, policy, caller: { graphPermissions } });
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
      expect(sandbox.world.applications.filter(({ softDeleted }) => softDeleted)).toEqual([]);
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
