import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Begins with the longest files. A file of a hundred killed runs that came last would leave all other cores idle. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification) => (moduleId.includes("/test/crash/") ? 0 : 1);
    return sorted.toSorted((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/**/*.long.test.ts", "test/peers/**"],
    // NODE_EXTRA_CA_CERTS, set before a worker starts, reaches forks, but not threads.
    pool: "forks",
    // Files in one worker share its modules: loading them again for each file takes longer than most tests.
    isolate: false,
    // Most tests wait longer than they compute.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    // Tests that run side by side take turns, and no test asserts how long something takes.
    testTimeout: 180_000,
    hookTimeout: 60_000,
    globals: false,
    reporters: ["default", fileURLToPath(new URL("./count-reporter.ts", import.meta.url))],
  },
});
