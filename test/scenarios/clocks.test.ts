import { afterEach, describe, expect, it, vi } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { remove, runProgram, setup, type Run } from "../program.ts";
import { changedOver, setUp } from "./already-set-up.ts";
import { countingWrites, rotate, rotation } from "./rotation.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

let sandbox: Sandbox;
afterEach(async () => {
  vi.useRealTimers();
  await sandbox.close();
});

async function start(): Promise<void> {
  sandbox = await startSandbox({ checkInvariants: true });
}

/** Every command that writes, each with something to write. */
const writing: ReadonlyArray<readonly [string, (args: readonly string[]) => Promise<Run>]> = [
  ["setup", (args) => setup(sandbox, args)],
  ["rotate", (args) => (setUp(sandbox), rotate(sandbox, args))],
  [
    "rotate --finish",
    (args) => (changedOver(sandbox, { due: true }), rotate(sandbox, ["--finish", ...args])),
  ],
  ["remove", (args) => (setUp(sandbox), remove(sandbox, args))],
  [
    "status --prune",
    (args) => {
      setUp(sandbox);
      const { keyId } = setUp(sandbox, { namespaces: ["kube-public"], beside: true });
      const secrets = sandbox.world.clusters[0]?.objects["secrets"] ?? [];
      const orphaned = secrets.findIndex(({ metadata }) => metadata.namespace === "kube-public");
      secrets.splice(orphaned, 1);
      return runProgram(sandbox, ["status", "-o", "json", "-y", "--prune", keyId, ...args]);
    },
  ],
];

/** Whose clock is wrong, how to set it wrong, and how a message names it. */
const wrong: ReadonlyArray<readonly [string, (aheadMs: number) => void, string]> = [
  [
    "the cluster's",
    (aheadMs) => (sandbox.world.clusters[0]!.clockAheadMs = aheadMs),
    "The clock of the cluster of context sandbox",
  ],
  ["Azure's", (aheadMs) => (sandbox.world.clockAheadMs = aheadMs), "Azure's clock"],
  [
    "this machine's",
    // This sets all of the sandbox's clocks back. The program keeps this machine's clock.
    (aheadMs) => vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - aheadMs }),
    "This machine's clock",
  ],
];

describe.each(writing)("%s", (command, run) => {
  // One place decides whose clock is wrong, for all commands.
  const some = command === "setup" ? wrong : wrong.slice(0, 1);

  it.each(some)("writes nothing while %s clock is more than an hour off", async (_whose, setWrong, says) => {
    await start();
    setWrong(61 * minuteMs);
    const { result, writes } = await countingWrites(sandbox, () => run([]));
    expect([result.code, writes], result.stderr).toEqual([2, 0]);
    expect(result.json.error).toMatchObject({
      code: "clocks.apart",
      message: expect.stringContaining(`${says} is one hour and one minute fast`),
      hint: expect.stringContaining("NTP"),
    });
  });

  it.each(some)("says so while %s clock is more than five minutes off", async (_whose, setWrong, says) => {
    await start();
    setWrong(-6 * minuteMs);
    const { code, json, stderr } = await run(["--dry-run"]);
    expect(code, stderr).toBe(0);
    expect(json.warnings.join("\n")).toContain(`${says} is 6 minutes slow`);
  });
});

it("setup says nothing of clocks that are five minutes apart at most", async () => {
  await start();
  sandbox.world.clusters[0]!.clockAheadMs = 4 * minuteMs;
  const { code, json, stderr } = await setup(sandbox, ["--dry-run"]);
  expect(code, stderr).toBe(0);
  expect(json.warnings.join("\n")).not.toContain("clock");
});

describe("while the cluster's clock is fifty minutes fast", () => {
  it("a new key lives as long as was asked by Azure's", async () => {
    await start();
    sandbox.world.clusters[0]!.clockAheadMs = 50 * minuteMs;
    const made = await setup(sandbox, ["--expires-in", "30d"]);
    expect(made.code, made.stderr).toBe(0);
    expect(made.stderr).toContain("The clock of the cluster of context sandbox is 50 minutes fast");
    expect(Date.parse(made.json.credentials[0].expiresAt)).toBeLessThanOrEqual(Date.now() + 30 * dayMs);
    const { expiresAt } = await rotation(sandbox, ["--expires-in", "30d"]);
    expect(Date.parse(expiresAt)).toBeLessThanOrEqual(Date.now() + 30 * dayMs);
  });

  it("a key that ends in half an hour by Azure's has not ended", async () => {
    await start();
    sandbox.world.clusters[0]!.clockAheadMs = 50 * minuteMs;
    const { keyId } = setUp(sandbox, { ageDays: 180 - 0.5 / 24, namespaces: ["awesomeapps", "default"] });
    const status = await runProgram(sandbox, ["status", "-o", "json"]);
    expect(status.json.entries).toMatchObject([{ daysLeft: 0 }, { daysLeft: 0 }]);
    const again = await setup(sandbox);
    expect(again.json.credentials, again.stderr).toMatchObject([{ keyId, action: "unchanged" }]);
    const rotated = await rotation(sandbox);
    expect(rotated).toMatchObject({ state: "pending", replaced: keyId });
    expect(sandbox.violations).toEqual([]);
  });
});

describe("while the cluster's clock is a century fast", () => {
  it("what only reads counts the life of a key by Azure's", async () => {
    await start();
    sandbox.world.clusters[0]!.clockAheadMs = 100 * 365 * dayMs;
    setUp(sandbox);
    const status = await runProgram(sandbox, ["status", "-o", "json"]);
    expect(status.code, status.stderr).toBe(0);
    expect(status.json.entries).toMatchObject([{ state: "ok", daysLeft: 178 }]);
  });

  it("a setup that has nothing to write is not refused", async () => {
    await start();
    sandbox.world.clusters[0]!.clockAheadMs = 100 * 365 * dayMs;
    setUp(sandbox);
    const { result, writes } = await countingWrites(sandbox, () => setup(sandbox));
    expect([result.code, writes], result.stderr).toEqual([0, 0]);
    expect(result.stderr).toContain("The clock of the cluster of context sandbox is 36500 days fast");
  });
});
