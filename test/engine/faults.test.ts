import { describe, expect, it } from "vitest";
import type { FaultOptions } from "../../src/sandbox/faults.ts";
import { cuts, failOnce, undisturbed } from "./cut-off.ts";

const faults: ReadonlyArray<readonly [name: string, fault: Omit<FaultOptions, "match" | "nth">]> = [
  ["reset", { action: "reset" }],
  ["done, but its answer lost", { after: "commit", action: "drop" }],
];

describe.each(cuts)("$name", (cut) => {
  it.each(faults)("ends clean after a write was %s", async (_name, fault) => {
    const requests = await undisturbed(cut);
    const writes = requests.flatMap((line, index) => (line === "" ? [] : [index + 1]));
    expect(writes.length).toBeGreaterThan(1);
    for (const nth of writes) await failOnce(cut, nth, fault);
  });
});
