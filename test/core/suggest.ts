import type { Suggest } from "../../src/core/suggest.ts";

/** Command lines that contain what a test looks for, and nothing about where they run. */
export const suggest: Suggest = Object.assign(
  (command: string, options: Parameters<Suggest>[1]) =>
    ["acr-pull", command, ...options.flatMap((one) => one.filter((word) => word !== undefined))].join(" "),
  { kubectl: (context: string, ...words: readonly string[]) => ["kubectl", context, ...words].join(" ") },
);
