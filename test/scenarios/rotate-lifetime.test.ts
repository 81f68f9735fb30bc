import { describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { setUp } from "./already-set-up.ts";
import { endGrace, keyIds, ownApplication, rotate, rotation, start } from "./rotation.ts";

/** How many days each key of our application was made to live, oldest first. */
function lives(sandbox: Sandbox): number[] {
  return ownApplication(sandbox).passwords.map(({ startDateTime, endDateTime }) =>
    Math.round((Date.parse(endDateTime) - Date.parse(startDateTime)) / 86_400_000),
  );
}

describe.concurrent("rotate makes a key that lives", () => {
  it("as long as the one before it, also the third time", async (test) => {
    const sandbox = await start(test);
    setUp(sandbox, { lifetimeDays: 180 });
    for (let times = 1; times <= 3; times += 1) {
      expect((await rotate(sandbox)).code).toBe(0);
      endGrace(sandbox);
    }
    expect(lives(sandbox)).toEqual([180, 180, 180, 180]);
  });

  it.for<[what: string, args: readonly string[], policy: SandboxOptions["policy"], days: number]>([
    ["as long as --expires-in says", ["--expires-in", "30d"], {}, 30],
    [
      "as long as the tenant allows, with max",
      ["--expires-in", "max"],
      { maxPasswordLifetime: "P365D", readable: true },
      365,
    ],
    ["two years with max, where nobody tells what the tenant allows", ["--expires-in", "max"], {}, 730],
    ["no longer than the tenant has come to allow", [], { maxPasswordLifetime: "P90D", readable: true }, 90],
  ])("%s", async ([, args, policy = {}, days], test) => {
    const sandbox = await start(test, { policy });
    setUp(sandbox, { lifetimeDays: 180 });
    expect((await rotation(sandbox, args)).state).toBe("pending");
    expect(lives(sandbox)).toEqual([180, days]);
  });

  it("not at all where the tenant allows less and does not say so: names the option, and leaves the key in use", async (test) => {
    const sandbox = await start(test, { policy: { maxPasswordLifetime: "P90D" } });
    const { keyId } = setUp(sandbox, { lifetimeDays: 180 });
    const run = await rotate(sandbox);
    expect(run.json.error.code, run.stderr).toBe("directory.password-lifetime");
    expect(run.json.error.hint).toContain("--expires-in");
    expect(keyIds(sandbox)).toEqual([keyId]);
    expect((await rotation(sandbox, ["--expires-in", "90d"])).state).toBe("pending");
  });
});
