import { afterEach, describe, expect, it, vi } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { setup } from "../program.ts";
import { changedOver, setUp } from "./already-set-up.ts";
import { countingWrites, heldKeys, rotation } from "./rotation.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const skewMs = 26 * 60 * minuteMs;

let sandbox: Sandbox;
afterEach(async () => {
  vi.useRealTimers();
  await sandbox.close();
});

/** Starts a sandbox, then sets its clock this far ahead of the clock of this machine and of the program. */
async function startAhead(milliseconds: number): Promise<void> {
  sandbox = await startSandbox({ checkInvariants: true });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + milliseconds });
}

describe("setup, while this machine's clock is ahead of the services',", () => {
  it("keeps a key that has half an hour left by theirs", async () => {
    await startAhead(-skewMs);
    const { keyId } = setUp(sandbox, { ageDays: 180 - 0.5 / 24 });
    const { result, writes } = await countingWrites(sandbox, () => setup(sandbox));
    expect([result.code, writes], result.stderr).toEqual([0, 0]);
    expect(result.json.credentials).toMatchObject([{ keyId, action: "unchanged" }]);
  });
});

describe.each([
  ["behind", skewMs],
  ["ahead", -skewMs],
])("rotate, while this machine's clock is %s of the services',", (_what, ahead) => {
  it("counts the grace and the key's life by theirs", async () => {
    await startAhead(ahead);
    setUp(sandbox);
    const before = Date.now() - 1000;
    const { retireAfter, expiresAt } = await rotation(sandbox);
    expect(Date.parse(retireAfter)).toBeGreaterThanOrEqual(before + dayMs);
    // The sandbox's clock stands still meanwhile, and a grace is counted from the write.
    expect(Date.parse(retireAfter)).toBeLessThanOrEqual(Date.now() + dayMs + 60_000);
    expect(Math.round((Date.parse(expiresAt) - Date.now()) / dayMs)).toBe(180);
    expect(sandbox.violations).toEqual([]);
  });

  it("leaves alone what is not due by theirs", async () => {
    await startAhead(ahead);
    const { old } = changedOver(sandbox);
    const { result, writes } = await countingWrites(sandbox, () => rotation(sandbox));
    expect([result.state, writes, heldKeys(sandbox).https]).toEqual(["pending", 0, old]);
  });

  it("takes a key for as old as it is by theirs", async () => {
    await startAhead(ahead);
    // By this machine's clock, it would be on the other side of the requested 60 days.
    setUp(sandbox, { ageDays: 120 + (ahead > 0 ? 0.5 : -0.5) / 24 });
    const { state } = await rotation(sandbox, ["--if-due"]);
    expect(state).toBe(ahead > 0 ? "pending" : "unchanged");
  });
});
