import { afterAll, describe, expect, it } from "vitest";
import { everywhere, recoveries, type Kill, type Undisturbed } from "./kills.ts";
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

/**
 * At every change, alternately before and after it takes effect. A run killed while it only reads leaves what it
 * found.
 */
function atChanges({ requests }: Undisturbed): Kill[] {
  const changes = requests.filter(({ mutating }) => mutating);
  return changes.map(({ index: request }, place) => ({
    request,
    phase: place % 2 === 0 ? "committed" : "read",
  }));
}

describe("a rotation that is taken back, killed at every change", () => {
  it("is taken back by a second run", async () => {
    const { count, failures } = await recoveries(rotateStarts.abort, worlds, atChanges);
    expect(count).toBeGreaterThan(10);
    expect(failures).toEqual([]);
  }, 600_000);
});
