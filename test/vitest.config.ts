import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

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
    testTimeout: 60_000,
    hookTimeout: 60_000,
    globals: false,
    reporters: ["default", fileURLToPath(new URL("./count-reporter.ts", import.meta.url))],
  },
});
