import { describe, expect, it } from "vitest";
import { runAmidEchoes } from "./random-echoes.ts";

const seeds = Array.from({ length: 20 }, (_none, index) => index + 1);

describe("any command, while any service repeats what it was sent in any way", () => {
  it.each(seeds)("leaves no piece of a secret anywhere (seed %i)", async (seed) => {
    expect(await hitsOf(seed, 500, true)).toEqual([]);
  });

  it.each(seeds.slice(0, 4))("leaves none when libraries tell of their work (seed %i)", async (seed) => {
    expect(await hitsOf(100 + seed, 100, false)).toEqual([]);
  });
});

async function hitsOf(seed: number, count: number, inProcess: boolean): Promise<readonly string[]> {
  const { runs, struck, hits, exits } = await runAmidEchoes(seed, count, inProcess);
  const ends = [...exits].sort().map(([exit, times]) => `${exit} ${times} times`);
  console.log(`seed ${seed}: ${runs} runs, ${struck} struck, ${hits.length} told; exit ${ends.join(", ")}`);
  return hits;
}
