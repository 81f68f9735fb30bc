import { describe, expect, it } from "vitest";
import { setup, type Preview } from "../../../src/core/setup/flow.ts";
import type { Writing } from "../../../src/core/ports.ts";
import type { SetupInput, SetupPorts } from "../../../src/core/setup/contract.ts";

const now = new Date("2031-02-03T04:05:06Z");

/** There is no cluster, so a run that looks again is refused. */
const ports = { clusters: [], clock: { now: () => now } } as unknown as Writing<SetupPorts>;
const input = { dryRun: true } as SetupInput;

function seen(secondsAgo: number): Preview {
  const plan = { registry: {}, changes: [], warnings: [] };
  return { found: {}, plan, seenAt: new Date(now.getTime() - secondsAgo * 1000) } as unknown as Preview;
}

describe("a plan that somebody looked at", () => {
  const carriedOut = (preview: Preview) =>
    setup(
      input,
      ports,
      { report: () => {}, approve: () => Promise.resolve(true), foreseen: preview },
      new AbortController().signal,
    );

  it("is carried out as shown while it is fresh", async () => {
    const preview = seen(60);
    expect(await carriedOut(preview)).toEqual({ kind: "planned", plan: preview.plan });
  });

  it("is made again if that took too long", async () => {
    await expect(carriedOut(seen(61))).rejects.toMatchObject({ code: "kubernetes.no-context" });
  });
});
