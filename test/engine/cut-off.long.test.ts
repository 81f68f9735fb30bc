import { describe, expect, it } from "vitest";
import { cutAt, cuts, failOnce, undisturbed } from "./cut-off.ts";

describe.each(cuts)("$name", (cut) => {
  it("ends clean after it was cut off where a write had arrived", async () => {
    const writes = await undisturbed(cut);
    expect(writes.length).toBeGreaterThan(1);
    for (const nth of writes) await cutAt(cut, nth, "arrived");
  });

  it("ends clean after a write was reset", async () => {
    const writes = await undisturbed(cut);
    expect(writes.length).toBeGreaterThan(1);
    for (const nth of writes) await failOnce(cut, nth, { action: "reset" });
  });
});
