import { afterAll, describe, expect, it } from "vitest";
import { counted } from "./counted.ts";
import { interrupt, interruptionsAt } from "./interruptions.ts";
import { undisturbed } from "./kills.ts";
import { allStarts } from "./starts.ts";
import { Worlds } from "./worlds.ts";

const worlds = new Worlds();
afterAll(() => worlds.close());

describe("a command that is asked to stop at any of its requests", () => {
  it.each(allStarts)(
    "does what is left when it is run again: $command, starting with $name",
    async (start) => {
      const known = await undisturbed(start, worlds);
      const interruptions = interruptionsAt(known.requests);
      const what = `interrupted, ${start.command}, ${start.name}`;
      const recovery = { worlds, undisturbed: known };
      expect(await counted(what, interruptions, (one) => interrupt(start, one, recovery))).toEqual([]);
    },
  );
});
