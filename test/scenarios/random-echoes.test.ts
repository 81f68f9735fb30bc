import { describe, expect, it } from "vitest";
import { runAmidEchoes } from "./random-echoes.ts";

describe("any command, while any service repeats what it was sent in any way", () => {
  it("leaves no piece of a secret anywhere", async () => {
    const { hits, runs, struck } = await runAmidEchoes(1, 50, true);
    expect(hits).toEqual([]);
    expect(runs).toBe(50);
    expect(struck).toBeGreaterThan(20);
  });

  it("leaves none when libraries tell of their work", async () => {
    const { hits } = await runAmidEchoes(2, 8, false);
    expect(hits).toEqual([]);
  });
});
