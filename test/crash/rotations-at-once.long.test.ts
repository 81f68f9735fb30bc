import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { rotate } from "../program.ts";
import { counted } from "./counted.ts";
import { expectOrder } from "./kills.ts";
import { letGraceEnd, rotateStarts, runOf, setupStarts, type Start } from "./starts.ts";
import { Worlds } from "./worlds.ts";

const { ordinary, compromised, finish } = rotateStarts;
const oneMore: Start = { ...setupStarts.nothing, arguments: ["-n", "delta", "--create-namespace"] };

/** Longer than a rotation takes, so some runs meet and others start when one is done. */
const latestBeginMs = 6_000;

const worlds = new Worlds();
afterAll(() => worlds.close());

/** Which commands run, and when each begins, in milliseconds. */
function runsOf(seed: number, count: number) {
  const run = fc.record({
    command: fc.constantFrom(ordinary, ordinary, compromised, finish, oneMore),
    beginMs: fc.integer({ min: 0, max: latestBeginMs }),
  });
  const [sample] = fc.sample(fc.array(run, { minLength: count, maxLength: count }), { seed, numRuns: 1 });
  if (!sample) throw new TypeError("a sample of one is one");
  return sample;
}

/** Lets the runs of a seed meet, and finishes what they left. */
function meet(seed: number, count: number): Promise<void> {
  return worlds.use(ordinary.state, async (sandbox) => {
    const runs = await Promise.all(
      runsOf(seed, count).map(async ({ command, beginMs }) => {
        await sleep(beginMs);
        return runOf(command, sandbox);
      }),
    );
    const again = `CRASH_SEED=${seed} CRASH_SEEDS=1 npm run test:long -- test/crash/rotations -t "${count} runs"`;
    for (const run of runs) {
      expect([undefined, "busy"], `again: ${again}\n${run.stderr}`).toContain(run.json.error?.code);
    }
    letGraceEnd(sandbox);
    const { code, stderr } = await rotate(sandbox, finish.arguments);
    expect(code, `again: ${again}\n${stderr}`).toBe(0);
    expectOrder(sandbox);
  });
}

describe("setup and rotate at once", () => {
  const first = Number(process.env["CRASH_SEED"] ?? 1);
  const seeds = Array.from(
    { length: Number(process.env["CRASH_SEEDS"] ?? 500) },
    (_, index) => first + index,
  );

  it.each([2, 4, 8])("%i runs, each at some moment: they take turns, and one key is left", async (count) => {
    const failures = await counted(`${count} runs at once`, seeds, (seed) => meet(seed, count), 4);
    expect(failures).toEqual([]);
  });
});
