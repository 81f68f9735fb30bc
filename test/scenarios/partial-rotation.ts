import { expect } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { secretOf } from "../program.ts";
import { setUp } from "./already-set-up.ts";
import { endGrace, heldKeys, keyIds, rotate, rotation, signsIn } from "./rotation.ts";

/** The names of this many namespaces. */
export function teams(count: number): string[] {
  return Array.from({ length: count }, (_none, index) => `team-${String(index + 1).padStart(3, "0")}`);
}

/** A sandbox whose one cluster has these namespaces. */
export function clusterOf(namespaces: readonly string[]): SandboxOptions {
  return { clusters: [{ context: "sandbox", namespaces: ["kube-system", ...namespaces] }] };
}

/** Does something once, right after a request whose path ends like this was carried out. */
export function onceDone(sandbox: Sandbox, end: string, work: () => void): void {
  const stop = sandbox.observe((phase, { path }) => {
    if (phase !== "committed" || !path.endsWith(end)) return;
    stop();
    work();
  });
}

/** What breaks in a cluster between the preflight and the writes. */
export interface Breakage {
  readonly forbidden: readonly string[];
  readonly denied: readonly string[];
  readonly immutable: readonly string[];
}

/** Makes the secrets of these namespaces unwritable. The returned function fixes all of them. */
export function breakWrites(
  sandbox: Sandbox,
  namespaces: readonly string[],
  { forbidden, denied, immutable }: Breakage,
): () => void {
  const cluster = sandbox.world.clusters[0]!;
  const user = cluster.users[0]!;
  const everything = user.rules;
  const allowed = namespaces.filter((namespace) => !forbidden.includes(namespace));
  user.rules = [
    { verbs: ["get", "list"], resources: ["*"] },
    { verbs: ["patch", "create"], resources: ["secrets"], namespaces: allowed },
  ];
  cluster.denials.push(...denied.map((namespace) => ({ namespace })));
  const secrets = immutable.map((namespace) => secretOf(sandbox, namespace)!);
  for (const secret of secrets) secret["immutable"] = true;
  return () => {
    user.rules = everything;
    cluster.denials.splice(0);
    for (const namespace of immutable) delete secretOf(sandbox, namespace)!["immutable"];
  };
}

/**
 * R15: once the new key is made, some secrets of a cluster can no longer be written. All others get the key, and
 * nothing is retired. When the cause is gone, another run writes only the missing ones.
 * @returns how many secrets got the key in the first run, and how many in the second
 */
export async function rotatePartly(
  sandbox: Sandbox,
  namespaces: readonly string[],
  breakage: Breakage,
): Promise<{ first: number; second: number }> {
  const { keyId: old } = setUp(sandbox, { namespaces });
  const broken = [...breakage.forbidden, ...breakage.denied, ...breakage.immutable];
  let fix = (): void => undefined;
  onceDone(sandbox, "/addPassword", () => (fix = breakWrites(sandbox, namespaces, breakage)));
  const run = await rotate(sandbox);
  expect([run.code, run.json.error.code], run.stderr).toEqual([4, "rotate.incomplete"]);
  const failed = run.json.secrets.filter(({ action }: { action: string }) => action === "failed");
  expect(failed.map(({ namespace }: { namespace: string }) => namespace).toSorted()).toEqual(
    broken.toSorted(),
  );
  for (const { namespace, error } of failed) {
    expect(error.message).not.toBe("");
    expect(run.json.error.message).toContain(`sandbox/${namespace}/acr-secret`);
  }
  const [, keyId] = keyIds(sandbox) as [string, string];
  expect(run.json.rotations).toMatchObject([{ state: "pending", keyId, replaced: old, retired: false }]);
  const held = (): string[] => namespaces.filter((namespace) => heldKeys(sandbox, namespace).plain === keyId);
  const first = held();
  expect(first).toEqual(namespaces.filter((namespace) => !broken.includes(namespace)));

  // However long nobody fixes this, the old key lives.
  endGrace(sandbox);
  const again = await rotate(sandbox, ["--finish"]);
  expect(again.code, again.stderr).not.toBe(0);
  expect(signsIn(sandbox, old)).toBe(true);

  fix();
  const since = sandbox.requests.entries.length;
  const { state } = await rotation(sandbox, ["--finish"]);
  expect(state).toBe("pending");
  const written = sandbox.requests
    .mutating()
    .filter(({ index, service }) => index > since && service.startsWith("cluster"))
    .map(({ path }) => path.replace(/^.*\/namespaces\/([^/]+)\/.*$/, "$1"));
  // The first secret carries the mark while the others are written.
  expect([...new Set(written)].toSorted()).toEqual([...new Set([namespaces[0], ...broken])].toSorted());
  expect(held()).toEqual(namespaces);
  endGrace(sandbox);
  expect((await rotation(sandbox, ["--finish"])).retired).toBe(true);
  expect(keyIds(sandbox)).toEqual([keyId]);
  return { first: first.length, second: namespaces.length - first.length };
}
