import { failuresOf } from "./kills.ts";

/** Enough to keep two cores busy: half of the time is spent waiting between proofs. */
const atATime = 8;

/** Checks all cases, and prints a line with the counts that a report can quote. */
export async function counted<C>(
  what: string,
  cases: readonly C[],
  check: (one: C) => Promise<void>,
  concurrency = atATime,
): Promise<readonly string[]> {
  const begin = performance.now();
  const failures = await failuresOf(cases, check, concurrency);
  const seconds = Math.round((performance.now() - begin) / 1_000);
  process.stderr.write(`${what}: ${cases.length} cases, ${failures.length} failures, ${seconds} s\n`);
  return failures;
}
