import { afterAll, describe, expect, it } from "vitest";
import { ageMarks, moments, overtake } from "./fencing.ts";
import { Worlds } from "./worlds.ts";

const worlds = new Worlds();
afterAll(() => worlds.close());

describe.concurrent("a run that was held up while another one finished in its place", () => {
  it.each(moments)(
    "undoes nothing that the other has written and removes no key in use: $name",
    async (moment) => {
      await expect(overtake(moment, worlds, ageMarks)).resolves.toBeUndefined();
    },
    600_000,
  );
});
