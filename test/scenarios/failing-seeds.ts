/**
 * Checks seeds one after another, and prints how many there were (a closing note quotes the line). Says for each seed
 * that failed how to run it again.
 * @param again the command for one seed
 */
export async function failingSeeds(
  what: string,
  seeds: readonly number[],
  check: (seed: number) => Promise<void>,
  again: (seed: number) => string,
): Promise<readonly string[]> {
  const begin = performance.now();
  const failures: string[] = [];
  for (const seed of seeds) {
    try {
      await check(seed);
    } catch (error) {
      failures.push(`again: ${again(seed)}\n${String(error)}`);
    }
  }
  const seconds = Math.round((performance.now() - begin) / 1_000);
  process.stderr.write(`${what}: ${seeds.length} seeds, ${failures.length} failures, ${seconds} s\n`);
  return failures;
}

/** Consecutive seeds: as many as LAG_SEEDS says, from LAG_SEED on. By default, `count` seeds from 1 on. */
export function seedsFromEnvironment(count: number): readonly number[] {
  const first = Number(process.env["LAG_SEED"] ?? 1);
  return Array.from({ length: Number(process.env["LAG_SEEDS"] ?? count) }, (_, index) => first + index);
}
