import fc from "fast-check";
import { phases, recover, undisturbed, type Kill, type Recovery, type Undisturbed } from "./kills.ts";
import { allStarts, type Start } from "./starts.ts";
import type { Worlds } from "./worlds.ts";

/** Two or three runs of a command, each killed at its moment, before one run may finish. */
export interface Schedule {
  readonly start: Start;
  readonly kills: readonly Kill[];
}

/** What an undisturbed run of each start does. */
export type KnownStarts = ReadonlyMap<Start, Undisturbed>;

/** Runs every start undisturbed. */
export async function knownStarts(worlds: Worlds): Promise<KnownStarts> {
  const known = await Promise.all(
    allStarts.map(async (start) => [start, await undisturbed(start, worlds)] as const),
  );
  return new Map(known);
}

/** The schedule that a seed stands for. */
export function scheduleOf(seed: number, known: KnownStarts): Schedule {
  const schedule = fc.constantFrom(...allStarts).chain((start) => {
    const last = known.get(start)?.requests.length ?? 1;
    const kill = fc.record({
      request: fc.integer({ min: 1, max: last }),
      phase: fc.constantFrom(...phases),
    });
    return fc.record({
      start: fc.constant(start),
      kills: fc.array(kill, { minLength: 2, maxLength: 3 }),
    });
  });
  const [sample] = fc.sample(schedule, { seed, numRuns: 1 });
  if (!sample) throw new TypeError("a sample of one is one");
  return sample;
}

/**
 * Carries out the schedule of a seed.
 * @throws the failed expectation, with the command line that repeats it
 */
export async function carryOut(
  seed: number,
  known: KnownStarts,
  recovery: Omit<Recovery, "undisturbed">,
): Promise<void> {
  const { start, kills } = scheduleOf(seed, known);
  const undisturbed = known.get(start);
  if (!undisturbed) throw new TypeError("every start is known");
  try {
    await recover(start, kills, { ...recovery, undisturbed });
  } catch (error) {
    const again = `CRASH_SEED=${seed} CRASH_SEEDS=1 npm run test:long -- test/crash -t "in a row"`;
    throw new Error(`again: ${again}\n${JSON.stringify(kills)}\n${String(error)}`, { cause: error });
  }
}
