import { expect } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { KubernetesObject } from "../../src/sandbox/world.ts";
import type { Departure } from "../../src/sandbox/meant-to-go.ts";
import { runSafely } from "../canary.ts";
import type { Run, RunOptions } from "../program.ts";
import { keyIds } from "./rotation.ts";

/**
 * `remove` of myregistry, unless the arguments name another registry: as JSON, without questions, with no pause
 * between its proofs, and with no secret in its output.
 */
export function remove(
  sandbox: Sandbox,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Run> {
  const registry = args.includes("--registry") ? [] : ["--registry", "myregistry"];
  return runSafely(sandbox, ["remove", ...registry, "-y", "-o", "json", "--settle", "0s", ...args], options);
}

/** `remove`, which must succeed. */
export async function removed(sandbox: Sandbox, args: readonly string[] = []): Promise<Run> {
  const run = await remove(sandbox, args);
  expect(run.code, run.stderr + run.stdout).toBe(0);
  return run;
}

/** Options to remove every key of our application, named by a secret or not: a copy of the cluster might use it. */
export function prunes(sandbox: Sandbox): string[] {
  return keyIds(sandbox).flatMap((keyId) => ["--prune", keyId]);
}

/** Tells the invariants what is about to go: entries of a registry, by default myregistry in context sandbox. */
export function expectDepartures(
  { invariants, world }: Sandbox,
  departures: ReadonlyArray<Partial<Omit<Departure, "loginServer">> & { readonly registry?: string }> = [{}],
): void {
  invariants.meantToGo.expect(
    departures.map(({ context = "sandbox", registry = "myregistry", ...more }) => ({
      context,
      loginServer: world.registries.find(({ name }) => name === registry)?.loginServer ?? "",
      ...more,
    })),
  );
}

/** Fields that every write changes, whatever it writes. */
const traces = new Set(["resourceVersion", "managedFields"]);

/** Everything that exists in a sandbox, except for the given namespaces and what is in them. */
export function stateOf({ world }: Sandbox, leaving: readonly string[] = []): unknown {
  const stands = ({ removedAt }: { readonly removedAt?: number }) => removedAt === undefined;
  const state = {
    applications: world.applications.filter(stands).map((application) => ({
      ...application,
      passwords: application.passwords.filter(stands),
    })),
    servicePrincipals: world.servicePrincipals.filter(stands),
    roleAssignments: world.roleAssignments.filter(stands),
    clusters: world.clusters.map(({ context, objects }) => ({
      context,
      objects: Object.entries(objects)
        .flatMap(([resource, list]) =>
          list.map((object) => [`${resource} ${placeOf(object)}`, object] as const),
        )
        .filter(([, { metadata }]) => !leaving.includes(metadata.namespace ?? metadata.name))
        .toSorted(([left], [right]) => (left < right ? -1 : 1)),
    })),
  };
  return JSON.parse(
    JSON.stringify(state, (key, value: unknown) => {
      if (traces.has(key)) return undefined;
      // An empty list or map says the same as none.
      if (isEmpty(value) && ["imagePullSecrets", "labels", "annotations"].includes(key)) return undefined;
      if (key === ".dockerconfigjson")
        return JSON.parse(Buffer.from(String(value), "base64").toString("utf8")) as unknown;
      return value;
    }),
  ) as unknown;
}

function placeOf({ metadata }: KubernetesObject): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** What happened to each thing, as `kind action`, with the reason if it stays. */
export function told(run: Run): string[] {
  const items = run.json.removed as Array<{ kind: string; action: string; reason?: string }>;
  return items.map(({ kind, action, reason }) =>
    [kind, action, ...(reason === undefined ? [] : [`(${reason})`])].join(" "),
  );
}
