import { mergeConfig, defineConfig } from "vitest/config";
import base from "./vitest.config.ts";

/** What holds the sandbox and the program to real clients and servers; what is not installed is skipped. */
export default mergeConfig(
  { ...base, test: { ...base.test, include: [], exclude: [] } },
  defineConfig({
    test: {
      include: ["test/peers/**/*.test.ts", "test/scenarios/twice/**/*.test.ts"],
      exclude: ["test/**/*.long.test.ts"],
      env: { TEST_PEERS: "1" },
    },
  }),
);
