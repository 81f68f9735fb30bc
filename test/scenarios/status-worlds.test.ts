import { expect, it } from "vitest";
import { failingSeeds } from "./failing-seeds.ts";
import { expectedOf, statusOfRandomWorld, worldPlan } from "./status-worlds.ts";

const seeds = Array.from({ length: 50 }, (_, index) => 1 + index);

it(`status tells of ${seeds.length} random worlds what is true of them`, async () => {
  const failures = await failingSeeds(
    "status of random worlds",
    seeds,
    statusOfRandomWorld,
    (seed) => `seed ${seed}`,
  );
  expect(failures).toEqual([]);
}, 600_000);

it("these worlds are of every kind, each often enough to tell", () => {
  const counts = new Map<string, number>();
  for (const seed of seeds) {
    const expected = expectedOf(worldPlan(seed));
    const kinds =
      expected === "unknown-cluster"
        ? [expected]
        : [
            ...expected.entries.map(([, state]) => `entry ${state}`),
            ...expected.pending.map(([kind, overdue]) => `${kind}${overdue ? ", overdue" : ""}`),
            expected.orphans === null
              ? "orphans unknown"
              : expected.orphans.length > 0
                ? "orphans"
                : "no orphans",
            `exit ${expected.exitCode}${expected.entries.length > 0 ? "" : ", nothing there"}`,
          ];
    for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const states = ["ok", "expiring", "expired", "stale-key", "foreign-change", "pending"];
  const wanted = states
    .map((state) => `entry ${state}`)
    .concat("retirement", "retirement, overdue", "run", "run, overdue", "exit 0", "exit 5")
    .concat("orphans", "no orphans", "orphans unknown", "unknown-cluster");
  const few = wanted.filter((kind) => (counts.get(kind) ?? 0) < 2);
  expect(few, JSON.stringify(Object.fromEntries(counts))).toEqual([]);
});
