import { afterAll, describe, expect, it } from "vitest";
import { everywhere, recoveries } from "./kills.ts";
import { rotateStarts } from "./starts.ts";
import { Worlds } from "./worlds.ts";

const worlds = new Worlds();
afterAll(() => worlds.close());

describe("a command killed at every single request", () => {
  it("is finished by a second run: rotate, starting with a key that has leaked", async () => {
    const { count, failures } = await recoveries(rotateStarts.compromised, worlds, everywhere);
    expect(count).toBeGreaterThan(40);
    expect(failures).toEqual([]);
  }, 600_000);
});
