import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Begins with the longest files: one of a hundred killed runs that comes last keeps all other cores idle. */
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
    // NODE_EXTRA_CA_CERTS, set before a worker starts, reaches forks and not threads.
    pool: "forks",
    // Files that run in one worker share its modules: loading them anew for each file takes longer than most tests.
    isolate: false,
    // Most tests wait longer than they compute.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    // Those side by side take turns; no test asserts how long something takes.
    testTimeout: 180_000,
    hookTimeout: 60_000,
    globals: false,
    reporters: ["default", fileURLToPath(new URL("./count-reporter.ts", import.meta.url))],
  },
});
