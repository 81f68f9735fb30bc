import pMap from "p-map";
import { expect } from "vitest";
import type { RequestEntry, RequestPhase } from "../../src/sandbox/request-log.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../src/sandbox/world-options.ts";
import { entryOf, liveAssignments, livePasswords, marksOf, setup, type Run } from "../program.ts";

/** The setup of two namespaces that all crash tests drive. */
export const twoNamespaces = ["-n", "awesomeapps", "-n", "default"];
const namespaces = ["awesomeapps", "default"];

/** The moment at which a run is killed: when one of its requests has come that far. */
export interface Kill {
  /** Its number, from 1, or what its `METHOD /path` looks like: the first such. */
  readonly request: number | RegExp;
  readonly phase: RequestPhase;
}

/** How a world is before the run that is killed. */
export interface Start {
  readonly name: string;
  readonly arguments: readonly string[];
  readonly options?: SandboxOptions;
  prepare?(sandbox: Sandbox): Promise<void>;
}

/** The starts that differ in what setup has to do: everything, merge, recover. */
export const starts = {
  nothing: { name: "nothing there", arguments: twoNamespaces },
  merged: {
    name: "a secret of another registry to merge into",
    arguments: [...twoNamespaces, "--adopt"],
    async prepare(sandbox) {
      const auths = { "other.example": { username: "u", password: "p" } };
      sandbox.addObject("sandbox", {
        apiVersion: "v1",
        kind: "Secret",
        type: "kubernetes.io/dockerconfigjson",
        metadata: { name: "acr-secret", namespace: "awesomeapps", labels: { team: "a" } },
        data: { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64") },
      });
    },
  },
  expired: {
    name: "a key that has expired",
    arguments: twoNamespaces,
    async prepare(sandbox) {
      const run = await setup(sandbox, twoNamespaces);
      if (run.code !== 0) throw new Error(run.stderr);
      for (const key of livePasswords(sandbox)) key.endDateTime = new Date(Date.now() - 1_000).toISOString();
    },
  },
} satisfies Record<string, Start>;

/** A sandbox that watches over the invariants from this start on. */
export async function startWorld(start: Start, options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ ...start.options, ...options });
  try {
    await start.prepare?.(sandbox);
    // Two while a key is replaced, and one that a killed run left.
    sandbox.invariants.maxLiveKeys = 3;
    sandbox.invariants.watch();
    return sandbox;
  } catch (error) {
    await sandbox.close();
    throw error;
  }
}

/** Runs setup, sends it a signal at a moment, and waits for its end. */
export async function setupSignalled(
  sandbox: Sandbox,
  start: Pick<Start, "arguments">,
  { request, phase }: Kill,
  signal: NodeJS.Signals = "SIGKILL",
): Promise<Run & { readonly met: RequestEntry | undefined }> {
  const before = sandbox.requests.entries.length;
  let send: (signal: NodeJS.Signals) => void = () => {};
  let met: RequestEntry | undefined;
  const stop = sandbox.observe((reached, entry) => {
    const isIt =
      typeof request === "number"
        ? entry.index - before === request
        : request.test(`${entry.method} ${entry.path}`) && (entry.mutating || reached === "arrived");
    if (met || !isIt || reached !== phase) return undefined;
    met = entry;
    send(signal);
    return signal === "SIGKILL" ? "drop" : undefined;
  });
  try {
    const run = await setup(sandbox, start.arguments, { started: (kill) => (send = kill) });
    return Object.assign(run, { met });
  } finally {
    stop();
  }
}

/** The requests of a setup that nothing disturbs. */
export async function undisturbedRequests(start: Start): Promise<readonly RequestEntry[]> {
  const sandbox = await startWorld(start);
  try {
    const before = sandbox.requests.entries.length;
    const run = await setup(sandbox, start.arguments);
    expect(run.code, run.stderr).toBe(0);
    expectOrder(sandbox);
    return sandbox.requests.entries.slice(before).map((entry) => ({ ...entry, index: entry.index - before }));
  } finally {
    await sandbox.close();
  }
}

/** Exactly one key is left of everything, both secrets hold it, no mark is pending, and nothing ever broke. */
export function expectOrder(sandbox: Sandbox): void {
  const [application, ...others] = sandbox.world.applications.filter(
    ({ appId, softDeleted }) => appId !== sandbox.world.caller.appId && !softDeleted,
  );
  expect(others, "further applications").toEqual([]);
  const keys = application?.passwords.filter(({ removedAt }) => removedAt === undefined) ?? [];
  expect(keys, "keys, expired ones too").toHaveLength(1);
  for (const namespace of namespaces) {
    expect(entryOf(sandbox, "myregistry", namespace)?.password, namespace).toBe(keys[0]?.secretText);
    for (const mark of Object.values(marksOf(sandbox, namespace))) {
      expect(mark).toMatchObject({ keyId: keys[0]?.keyId });
      expect(mark).not.toHaveProperty("pending");
    }
  }
  expect(liveAssignments(sandbox)).toHaveLength(1);
  expect(sandbox.violations).toEqual([]);
}

/**
 * Kills one run after the other, each at its moment, and then lets one run to its end.
 * @throws the failed expectation, with what the last run said
 */
export async function recover(
  start: Start,
  kills: readonly Kill[],
  options: SandboxOptions = {},
): Promise<void> {
  const sandbox = await startWorld(start, options);
  const told: string[] = [];
  try {
    for (const kill of kills) {
      const { met, code } = await setupSignalled(sandbox, start, kill);
      told.push(
        met
          ? `killed at ${kill.request} ${kill.phase}: ${met.service} ${met.method} ${met.path}`
          : `ended with ${code} before request ${kill.request}`,
      );
    }
    const last = await setup(sandbox, start.arguments);
    told.push(last.stderr, last.stdout);
    expect(last.code).toBe(0);
    expectOrder(sandbox);
  } catch (error) {
    throw new Error(`${start.name}: ${told.join("\n")}\n${String(error)}`, { cause: error });
  } finally {
    await sandbox.close();
  }
}

/** Tries every case, three at a time, and tells which failed. */
export async function failuresOf<C>(
  cases: readonly C[],
  check: (one: C) => Promise<void>,
): Promise<readonly string[]> {
  const failures: string[] = [];
  await pMap(
    cases,
    async (one) =>
      check(one).catch((error: Error) => failures.push(`${JSON.stringify(one)} ${error.message}`)),
    { concurrency: 3 },
  );
  return failures;
}
