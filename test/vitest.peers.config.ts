import { mergeConfig, defineConfig } from "vitest/config";
import base from "./vitest.config.ts";

/** Tests of the sandbox and the program with real clients and servers. Tests without their peers are skipped. */
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
