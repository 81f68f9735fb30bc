import { expect, type TestContext } from "vitest";
import { pullRights } from "../../src/sandbox/container-registry/pull-rights.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { RequestEntry, RequestPhase } from "../../src/sandbox/request-log.ts";
import type { ApplicationRecord, KubernetesObject } from "../../src/sandbox/world.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { runSafely } from "../canary.ts";
import { dockerConfigOf, marksOf, type Run, type RunOptions } from "../program.ts";

/**
 * Starts a sandbox for one test, so that many tests can wait side by side. Whatever a test is about, at its end no
 * pull has broken, nothing foreign has changed, and something leads to every key of ours that is left.
 */
export async function start(
  { onTestFinished }: Pick<TestContext, "onTestFinished">,
  options: SandboxOptions = {},
): Promise<Sandbox> {
  const sandbox = await startSandbox({ checkInvariants: true, ...options });
  onTestFinished(async () => {
    await sandbox.close();
    expect(sandbox.violations, "violations").toEqual([]);
    expect(sandbox.invariants.unknownKeys(), "keys that nothing leads to").toEqual([]);
  });
  return sandbox;
}

/** `rotate` as JSON without questions, with no pause between its proofs, and with no secret in its output. */
export function rotate(
  sandbox: Sandbox,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<Run> {
  const form = args.includes("-o") ? [] : ["-o", "json"];
  return runSafely(sandbox, ["rotate", "-y", ...form, "--settle", "0s", ...args], options);
}

/** `rotate`, which must succeed. Also returns what happened to the one key that it was about. */
export async function rotation(sandbox: Sandbox, args: readonly string[] = []) {
  const run = await rotate(sandbox, args);
  expect(run.code, run.stderr).toBe(0);
  expect(run.json.rotations, "rotations").toHaveLength(1);
  return { ...run, ...run.json.rotations[0] };
}

/** The pull secrets in all clusters of a sandbox. */
export function pullSecrets({ world }: Sandbox): KubernetesObject[] {
  return world.clusters
    .flatMap(({ objects }) => objects["secrets"] ?? [])
    .filter((secret) => secret["type"] === "kubernetes.io/dockerconfigjson");
}

/** Ends the grace period of every retirement, behind the API server's back. */
export function endGrace(sandbox: Sandbox): void {
  for (const { metadata } of pullSecrets(sandbox)) {
    const text = metadata.annotations?.["acr-pull/entries"];
    if (!text) continue;
    const marks = JSON.parse(text) as Record<string, { retire?: { after: string } }>;
    for (const { retire } of Object.values(marks)) {
      if (retire) retire.after = new Date(Date.now() - 60_000).toISOString();
    }
    metadata.annotations!["acr-pull/entries"] = JSON.stringify(marks);
  }
}

/** The first application that `setup` made for a registry and cluster. */
export function ownApplication({ world }: Sandbox): ApplicationRecord {
  const found = world.applications.find(({ uniqueName }) => uniqueName?.startsWith("acr-pull-"));
  if (!found) throw new Error("setup made no application");
  return found;
}

/** Which keys a secret holds for myregistry, by the spelling of the host: `plain`, and with a scheme. */
export function heldKeys(sandbox: Sandbox, namespace?: string, name?: string, context?: string) {
  const { loginServer = "" } = sandbox.world.registries[0] ?? {};
  const { auths } = dockerConfigOf(sandbox, namespace, name, context);
  const passwords = sandbox.world.applications.flatMap((one) => one.passwords);
  const keyOf = (host: string) =>
    auths[host] && passwords.find(({ secretText }) => secretText === auths[host]?.password)?.keyId;
  return { plain: keyOf(loginServer), https: keyOf(`https://${loginServer}`) };
}

/** The mark of myregistry in a secret. */
export function markOf(sandbox: Sandbox, namespace?: string, name?: string, context?: string) {
  return marksOf(sandbox, namespace, name, context)[sandbox.world.registries[0]?.loginServer ?? ""];
}

/** The ids of our application's keys that were not removed, oldest first. */
export function keyIds(sandbox: Sandbox): string[] {
  return ownApplication(sandbox)
    .passwords.filter(({ removedAt }) => removedAt === undefined)
    .map(({ keyId }) => keyId);
}

/** Whether myregistry accepts a key. */
export function signsIn({ world }: Sandbox, keyId: string): boolean {
  const owner = world.applications.find(({ passwords }) => passwords.some((one) => one.keyId === keyId));
  const key = owner?.passwords.find((one) => one.keyId === keyId);
  const [registry] = world.registries;
  if (!owner || !key || !registry) return false;
  return pullRights(world, registry, owner.appId, key.secretText).kind === "admitted";
}

/**
 * Requests that asked Graph or Resource Manager for a change, such as `POST addPassword`. By default all there were.
 */
export function azureWrites({ requests }: Sandbox, since = 0): string[] {
  return requests
    .mutating()
    .filter(({ service, index }) => service === "azure" && index > since)
    .map(({ method, path }) => `${method} ${path.replace(/^.*\//, "")}`);
}

/** The result of some work, and how many requests asked for a change meanwhile. */
export async function countingWrites<T>({ requests }: Sandbox, work: () => Promise<T>) {
  const before = requests.mutating().length;
  const result = await work();
  return { result, writes: requests.mutating().length - before };
}

/** Adds a secret as somebody else would write it. By default, it has the credentials of the one in awesomeapps. */
export function addSecret(
  sandbox: Sandbox,
  metadata: { readonly namespace: string; readonly name: string; readonly [field: string]: unknown },
  {
    auths = dockerConfigOf(sandbox).auths,
    context = "sandbox",
    ...rest
  }: { readonly auths?: unknown; readonly context?: string; readonly immutable?: boolean } = {},
): KubernetesObject {
  return sandbox.addObject(context, {
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64") },
    ...rest,
    metadata,
  });
}

/** Runs a command, and kills it when a matching request reaches a phase. What is not done at that moment never is. */
export async function killedAt(
  sandbox: Sandbox,
  args: readonly string[],
  fits: (entry: RequestEntry) => boolean,
  phase: RequestPhase,
  command: typeof rotate = rotate,
): Promise<void> {
  let kill: (signal: NodeJS.Signals) => void = () => undefined;
  let met = false;
  const stop = sandbox.observe((reached, entry) => {
    if (!met && reached === phase && fits(entry)) {
      met = true;
      kill("SIGKILL");
    }
    return met ? "drop" : undefined;
  });
  const run = await command(sandbox, args, { started: (signal) => (kill = signal) });
  stop();
  expect([run.signal, met], run.stderr).toEqual(["SIGKILL", true]);
}
