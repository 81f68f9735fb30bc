/*
 * What the flows need of the outside world. The clients in azure/, registry/ and kubernetes/ implement these types, and
 * connect.ts joins them.
 *
 * Rules for all of them: `find…` resolves to undefined for "not there" and throws every other failure; `remove…` and
 * `delete…` succeed if it is already gone; every failure is an ActionableError with a documented code; transient faults
 * of reads have already been retried; the signal comes last.
 */
export type * from "./ports/cluster.ts";
export type * from "./ports/directory.ts";
export type * from "./ports/managed-clusters.ts";
export type * from "./ports/manifest.ts";
export type * from "./ports/process.ts";
export type * from "./ports/proof.ts";
export type * from "./ports/registries.ts";
export type * from "./ports/roles.ts";
export type * from "./ports/suggest.ts";
