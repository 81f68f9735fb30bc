import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RequestPhase } from "../../src/sandbox/request-log.ts";
import { failuresOf, recover, starts, undisturbedRequests, type Kill, type Start } from "./kills.ts";

const phases: readonly RequestPhase[] = ["arrived", "read", "committed", "answered"];
const allStarts: readonly Start[] = Object.values(starts);

/** Goes through all cases and prints how many there were: a closing note quotes the line. */
async function counted<C>(what: string, cases: readonly C[], check: (one: C) => Promise<void>) {
  const begin = performance.now();
  const failures = await failuresOf(cases, check);
  const seconds = Math.round((performance.now() - begin) / 1_000);
  process.stderr.write(`${what}: ${cases.length} cases, ${failures.length} failures, ${seconds} s\n`);
  return failures;
}

describe("setup, killed at every request in every phase", () => {
  it.each(allStarts)("is finished by a second run, starting with $name", async (start) => {
    const requests = await undisturbedRequests(start);
    const kills = requests.flatMap(({ index: request }) => phases.map((phase) => ({ request, phase })));
    const failures = await counted(`killed once, ${start.name}`, kills, (kill) => recover(start, [kill]));
    expect(failures).toEqual([]);
  });
});

describe("setup, killed at every change while replicas lag", () => {
  it.each(["3s", "5s", "8s"])("is finished by a second run at once (lag %s)", async (replicationLag) => {
    const changes = [
      /POST .*namespaces\/awesomeapps\/secrets/,
      /PATCH .*applications/,
      /POST .*addPassword/,
      /POST .*servicePrincipals/,
      /PUT .*roleAssignments/,
      /PATCH .*namespaces\/awesomeapps\/secrets/,
      /POST .*namespaces\/default\/secrets/,
    ];
    const kills = changes.flatMap((request) =>
      (["read", "committed"] as const).map((phase) => ({ request, phase })),
    );
    const failures = await counted(`killed once, lag ${replicationLag}`, kills, (kill) =>
      recover(starts.nothing, [kill], { replicationLag }),
    );
    expect(failures).toEqual([]);
  });
});

/** More than any setup asks: such a kill never comes, and the run ends. */
const latestRequest = 34;

/** What a seed stands for: a start, and the moments of two or three kills. */
function scheduleOf(seed: number): { start: Start; kills: Kill[] } {
  const kill = fc.record({
    request: fc.integer({ min: 1, max: latestRequest }),
    phase: fc.constantFrom(...phases),
  });
  const schedule = fc.record({
    start: fc.constantFrom(...allStarts),
    kills: fc.array(kill, { minLength: 2, maxLength: 3 }),
  });
  const [sample] = fc.sample(schedule, { seed, numRuns: 1 });
  if (!sample) throw new Error("a sample of one is one");
  return sample;
}

describe("setup, killed two or three times in a row", () => {
  const first = Number(process.env["CRASH_SEED"] ?? 1);
  const count = Number(process.env["CRASH_SEEDS"] ?? 1_000);

  it(`is finished by the run that is let to its end, for ${count} seeds from ${first}`, async () => {
    const seeds = Array.from({ length: count }, (_, index) => first + index);
    const failures = await counted("killed twice or thrice", seeds, async (seed) => {
      const { start, kills } = scheduleOf(seed);
      try {
        await recover(start, kills);
      } catch (error) {
        const again = `CRASH_SEED=${seed} CRASH_SEEDS=1 npm run test:long -- test/crash -t "in a row"`;
        throw new Error(`again: ${again}\n${String(error)}`, { cause: error });
      }
    });
    expect(failures).toEqual([]);
  });
});
