import { mergeConfig, defineConfig } from "vitest/config";
import base from "./vitest.config.ts";

/** What needs more than five minutes, or hours: many seeds, many kills. Run by hand, its counts quoted in a note. */
export default mergeConfig(
  { ...base, test: { ...base.test, include: [], exclude: [] } },
  defineConfig({ test: { include: ["test/**/*.long.test.ts"], testTimeout: 0 } }),
);
