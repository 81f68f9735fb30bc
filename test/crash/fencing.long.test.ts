import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { counted } from "./counted.ts";
import { moments, overtake } from "./fencing.ts";
import { Worlds } from "./worlds.ts";

/** A pending mark that has not been renewed for a minute is stale. */
const aMinuteAndMoreMs = 62_000;

const worlds = new Worlds();
afterAll(() => worlds.close());

describe("a run that was held up for more than a minute while another one finished in its place", () => {
  it("undoes nothing that the other has written and removes no key in use", async () => {
    const failures = await counted(
      "held up for more than a minute",
      moments,
      (moment) => overtake(moment, worlds, () => sleep(aMinuteAndMoreMs)),
      moments.length,
    );
    expect(failures).toEqual([]);
  });
});
