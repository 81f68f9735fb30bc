import { setTimeout } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../src/sandbox/sandbox.ts";
import { livePasswords } from "./program.ts";
import { VirtualClock } from "./virtual-clock.ts";
import { virtualRun, type VirtualRun } from "./virtual-time.ts";

const minute = 60_000;
const unhurried = new AbortController().signal;
const idle = { entries: [] };

describe("a clock of virtual time", () => {
  let clock: VirtualClock;
  afterEach(() => {
    clock.end();
  });

  it("lets a day pass by sleeping, for everybody who asks for the time", async () => {
    const real = Date.now();
    clock = new VirtualClock(idle);
    await clock.sleep(1_440 * minute, unhurried);
    expect(Date.now() - real).toBeGreaterThanOrEqual(1_440 * minute);
    expect(clock.now().getTime()).toBe(Date.now());
  });

  it("stands still while nobody sleeps, and can be moved on", () => {
    clock = new VirtualClock(idle);
    const start = Date.now();
    const end = performance.now() + 5;
    while (performance.now() < end);
    expect(Date.now()).toBe(start);
    clock.advance(minute);
    expect(Date.now()).toBe(start + minute);
  });

  it("wakes sleepers in the order of their time, whoever lay down first, and never goes back", async () => {
    clock = new VirtualClock(idle);
    const start = Date.now();
    const woken: Array<[string, number]> = [];
    const sleep = async (name: string, ...pauses: number[]) => {
      for (const pause of pauses) {
        await clock.sleep(pause, unhurried);
        woken.push([name, Date.now() - start]);
      }
    };
    await Promise.all([sleep("long", 60 * minute), sleep("short", 1_000, 2_000), sleep("middle", 2_000)]);
    expect(woken).toEqual([
      ["short", 1_000],
      ["middle", 2_000],
      ["short", 3_000],
      ["long", 60 * minute],
    ]);
  });

  it("lets somebody at work come to an end before a long sleep is over", async () => {
    const request = { endedAt: undefined as number | undefined };
    clock = new VirtualClock({ entries: [request] as never });
    const start = Date.now();
    const sleeping = clock.sleep(60 * minute, unhurried);
    // Turns of the event loop, not time: the request is under way as long as the test likes.
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(Date.now()).toBe(start);
    request.endedAt = 1;
    await sleeping;
    expect(Date.now()).toBe(start + 60 * minute);
  });

  it("gives up a sleep when its signal says so, and the others sleep on", async () => {
    clock = new VirtualClock(idle);
    const start = Date.now();
    const stop = new AbortController();
    const given = clock.sleep(minute, stop.signal);
    const other = clock.sleep(2 * minute, unhurried);
    stop.abort(new Error("enough"));
    await expect(given).rejects.toThrow("enough");
    await other;
    expect(Date.now()).toBe(start + 2 * minute);
    await expect(clock.sleep(1, stop.signal)).rejects.toThrow("enough");
  });

  it("is slept in also by those who wait by Node's own promises", async () => {
    clock = new VirtualClock(idle);
    const start = Date.now();
    expect(await setTimeout(60 * minute, "value")).toBe("value");
    expect(Date.now()).toBe(start + 60 * minute);
    const stop = new AbortController();
    const given = setTimeout(minute, undefined, { signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(given).rejects.toThrow("enough");
  });

  it("gives the time back", () => {
    clock = new VirtualClock(idle);
    clock.advance(1_440 * minute);
    const moved = Date.now();
    clock.end();
    expect(Date.now()).toBeLessThan(moved);
  });
});

describe("flows in virtual time", () => {
  let sandbox: Sandbox;
  let run: VirtualRun;
  afterEach(async () => {
    run.end();
    await sandbox.close();
  });

  it("wait out replicas that learn within 15 minutes as if these were moments", async () => {
    sandbox = await startSandbox({ replicas: 5, replication: "random", replicationLag: "15m", seed: "a" });
    run = virtualRun(sandbox);
    const start = Date.now();
    const outcome = await run.setup();
    expect(outcome).toMatchObject({ kind: "finished", exitCode: 0 });
    expect(livePasswords(sandbox)).toHaveLength(1);
    expect(Date.now() - start).toBeGreaterThan(minute);
    expect(run.told).toContainEqual(expect.objectContaining({ kind: "waiting" }));
  });

  it("go by the time of services that live in it", async () => {
    sandbox = await startSandbox();
    run = virtualRun(sandbox);
    expect(await run.setup({ expiresInMs: 1_440 * minute })).toMatchObject({ exitCode: 0 });
    // The caller's tokens also expire.
    run.advance(1_440 * minute);
    const again = await run.setup({ expiresInMs: 1_440 * minute });
    expect(again).toMatchObject({ exitCode: 0, result: { credentials: [{ action: "created" }] } });
    expect(livePasswords(sandbox)).toHaveLength(1);
  });
});
