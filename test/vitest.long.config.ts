import { mergeConfig, defineConfig } from "vitest/config";
import base from "./vitest.config.ts";

/**
 * Tests that take more than five minutes, or hours: many seeds, many kills. They are run by hand, and a note quotes
 * the counts.
 */
export default mergeConfig(
  { ...base, test: { ...base.test, include: [], exclude: [] } },
  defineConfig({ test: { include: ["test/**/*.long.test.ts"], testTimeout: 0 } }),
);
