import { describe, expect, it } from "vitest";
import { cutAt, cuts, undisturbed } from "./cut-off.ts";

describe.each(cuts)("$name", (cut) => {
  it.each(["arrived", "committed"] as const)(
    "ends clean after it was cut off where a write had %s",
    async (phase) => {
      const requests = await undisturbed(cut);
      const writes = requests.flatMap((line, index) => (line === "" ? [] : [index + 1]));
      expect(writes.length).toBeGreaterThan(1);
      for (const nth of writes) await cutAt(cut, nth, phase);
    },
  );
});
