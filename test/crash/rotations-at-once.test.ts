import { afterAll, describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { rotate, setup, type Run } from "../program.ts";
import { expectOrder, keysEverMade } from "./kills.ts";
import { meetAtTheMark } from "./meeting.ts";
import { letGraceEnd, rotateStarts } from "./starts.ts";
import { Worlds } from "./worlds.ts";

const worlds = new Worlds();
afterAll(() => worlds.close());

const { ordinary, compromised, finish, expired } = rotateStarts;

function atOnce(sandbox: Sandbox, count: number, ...args: string[]): Promise<Run[]> {
  meetAtTheMark(sandbox, count);
  return Promise.all(Array.from({ length: count }, () => rotate(sandbox, args)));
}

function failed(runs: readonly Run[]) {
  return runs.filter(({ code }) => code !== 0).map(({ code, stderr, stdout }) => [code, stderr, stdout]);
}

// One after the other: the runs of two tests at once would keep each other from answering in time.
describe("rotations at once", { timeout: 600_000 }, () => {
  it.each([2, 4])("%i of the same command: all succeed, and only one made a key", async (count) => {
    await worlds.use(ordinary.state, async (sandbox) => {
      const found = keysEverMade(sandbox);
      const runs = await atOnce(sandbox, count);
      expect(failed(runs)).toEqual([]);
      const waited = runs.filter(({ stderr }) => stderr.includes("Waiting for another run"));
      expect(waited).toHaveLength(count - 1);
      expectOrder(sandbox, ordinary, found);
      expect(keysEverMade(sandbox)).toHaveLength(2);
    });
  });

  it("of a key that leaked: they take turns, and one key is left", async () => {
    await worlds.use(compromised.state, async (sandbox) => {
      const found = keysEverMade(sandbox);
      expect(failed(await atOnce(sandbox, 2, ...compromised.arguments))).toEqual([]);
      expectOrder(sandbox, compromised, found);
    });
  });

  it("that retire the same key: all succeed, and it is gone", async () => {
    await worlds.use(finish.state, async (sandbox) => {
      const found = keysEverMade(sandbox);
      expect(failed(await atOnce(sandbox, 3, ...finish.arguments))).toEqual([]);
      expectOrder(sandbox, finish, found);
    });
  });
});

describe("setup and rotate at once", { timeout: 600_000 }, () => {
  it("for a key that is dead: both succeed, and only one made a key", async () => {
    await worlds.use(expired.state, async (sandbox) => {
      const found = keysEverMade(sandbox);
      meetAtTheMark(sandbox, 2);
      const runs = await Promise.all([
        rotate(sandbox, expired.arguments),
        setup(sandbox, ["-n", "alpha", "-n", "default"]),
      ]);
      expect(failed(runs)).toEqual([]);
      const { code, stderr } = await rotate(sandbox, expired.arguments);
      expect(code, stderr).toBe(0);
      expectOrder(sandbox, expired, found);
      expect(keysEverMade(sandbox)).toHaveLength(2);
    });
  });

  it("for a namespace more: both succeed, and the next retirement leaves one key everywhere", async () => {
    await worlds.use(ordinary.state, async (sandbox) => {
      const found = keysEverMade(sandbox);
      meetAtTheMark(sandbox, 2);
      const runs = await Promise.all([
        rotate(sandbox),
        setup(sandbox, ["-n", "delta", "--create-namespace"]),
      ]);
      expect(failed(runs)).toEqual([]);
      letGraceEnd(sandbox);
      const { code, stderr } = await rotate(sandbox, finish.arguments);
      expect(code, stderr).toBe(0);
      expectOrder(sandbox, { keysLeft: 1, keyInUse: "made" }, found);
      expect(keysEverMade(sandbox)).toHaveLength(2);
    });
  });
});
