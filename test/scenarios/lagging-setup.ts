import { expect } from "vitest";
import { startSandbox } from "../../src/sandbox/sandbox.ts";
import { livePasswords } from "../program.ts";
import { virtualRun } from "../virtual-time.ts";

/**
 * `setup` three times in a row, the last time for another namespace too, while five replicas learn of each write up to
 * 15 virtual minutes later. All of them use the key that the first run made.
 * @throws the failed expectation
 */
export async function setupAgainWhileReplicasLag(seed: number): Promise<void> {
  const sandbox = await startSandbox({
    registries: [{ name: "myregistry" }],
    replicas: 5,
    replication: "random",
    replicationLag: "15m",
    seed: `twice ${seed}`,
  });
  const run = virtualRun(sandbox);
  try {
    sandbox.invariants.watch();
    for (const namespaces of [["awesomeapps"], ["awesomeapps"], ["awesomeapps", "default"]]) {
      expect(await run.setup({ namespaces })).toMatchObject({ kind: "finished", exitCode: 0 });
    }
    expect(sandbox.violations).toEqual([]);
    expect(sandbox.invariants.unknownKeys()).toEqual([]);
    expect(livePasswords(sandbox)).toHaveLength(1);
  } finally {
    run.end();
    await sandbox.close();
  }
}
