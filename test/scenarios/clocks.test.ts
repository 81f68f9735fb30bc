import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { remove, runProgram, setup } from "../program.ts";
import { setUp } from "./already-set-up.ts";
import { countingWrites, rotation } from "./rotation.ts";

const dayMs = 24 * 60 * 60_000;

let sandbox: Sandbox;
beforeEach(async () => {
  sandbox = await startSandbox({ checkInvariants: true });
  sandbox.world.clusters[0]!.clockAheadMs = 100 * 365 * dayMs;
});
afterEach(() => sandbox.close());

describe("while the cluster's clock is a century fast", () => {
  it("a new key lives as long as was asked by Azure's", async () => {
    const made = await setup(sandbox, ["--expires-in", "30d"]);
    expect(made.code, made.stderr).toBe(0);
    expect(made.stderr).not.toContain("clock");
    expect(Date.parse(made.json.credentials[0].expiresAt)).toBeLessThanOrEqual(Date.now() + 30 * dayMs);
    const { expiresAt } = await rotation(sandbox, ["--expires-in", "30d"]);
    expect(Date.parse(expiresAt)).toBeLessThanOrEqual(Date.now() + 30 * dayMs);
    const removed = await remove(sandbox);
    expect(removed.code, removed.stderr).toBe(0);
  });

  it("a key that ends in half an hour by Azure's has not ended", async () => {
    const { keyId } = setUp(sandbox, { ageDays: 180 - 0.5 / 24, namespaces: ["awesomeapps", "default"] });
    const status = await runProgram(sandbox, ["status", "-o", "json"]);
    expect(status.json.entries).toMatchObject([{ daysLeft: 0 }, { daysLeft: 0 }]);
    const again = await setup(sandbox);
    expect(again.json.credentials, again.stderr).toMatchObject([{ keyId, action: "unchanged" }]);
    const rotated = await rotation(sandbox);
    expect(rotated).toMatchObject({ state: "pending", replaced: keyId });
    expect(sandbox.violations).toEqual([]);
  });

  it("what only reads counts the life of a key by Azure's, and finds all in order", async () => {
    setUp(sandbox);
    const status = await runProgram(sandbox, ["status", "-o", "json"]);
    expect(status.code, status.stderr).toBe(0);
    expect(status.json.entries).toMatchObject([{ state: "ok", daysLeft: 178 }]);
    const verify = await runProgram(sandbox, ["verify", "-n", "awesomeapps"]);
    expect(verify.code, verify.stdout).toBe(0);
    expect(verify.stdout).not.toContain("clock");
    const { result, writes } = await countingWrites(sandbox, () => setup(sandbox));
    expect([result.code, writes], result.stderr).toEqual([0, 0]);
  });
});
