import { describe, expect, it } from "vitest";
import { cutAt, cuts, failOnce, undisturbed } from "./cut-off.ts";

describe.each(cuts)("$name", (cut) => {
  it("ends clean after it was cut off where a write had been done", async () => {
    const writes = await undisturbed(cut);
    expect(writes.length).toBeGreaterThan(1);
    for (const nth of writes) await cutAt(cut, nth, "committed");
  });

  it("ends clean after a write was done, but its answer lost", async () => {
    const writes = await undisturbed(cut);
    expect(writes.length).toBeGreaterThan(1);
    for (const nth of writes) await failOnce(cut, nth, { after: "commit", action: "drop" });
  });
});
