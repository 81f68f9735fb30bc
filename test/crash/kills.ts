import pMap from "p-map";
import { expect } from "vitest";
import type { RequestEntry, RequestPhase } from "../../src/sandbox/request-log.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { dockerConfigOf, liveAssignments, marksOf, type Run } from "../program.ts";
import { runOf, type Command, type Start } from "./starts.ts";
import { shapeOf } from "./world-shape.ts";
import type { Worlds } from "./worlds.ts";

/** Two namespaces, for tests that do not depend on how many there are. */
export const twoNamespaces = ["-n", "awesomeapps", "-n", "default"];

/** The moment at which a run is killed: when one of its requests reaches a phase. */
export interface Kill {
  /** Its number, from 1, or a pattern of its `METHOD /path`, which means the first match. */
  readonly request: number | RegExp;
  readonly phase: RequestPhase;
}

/** In the order in which a request goes through them. */
export const phases: readonly RequestPhase[] = ["arrived", "read", "committed", "answered"];

/** How soon an impatient user sends the signal again, in milliseconds. */
const againAfterMs = 20;

/** Runs a command, sends it signals at a moment, and waits for its end. */
export async function runSignalled(
  sandbox: Sandbox,
  start: Command,
  { request, phase }: Kill,
  signals: readonly NodeJS.Signals[] = ["SIGKILL"],
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
    const [first, second] = signals;
    if (first) send(first);
    if (second) setTimeout(() => send(second), againAfterMs);
    return signals.includes("SIGKILL") ? "drop" : undefined;
  });
  try {
    // A pause makes no request, so a run that is to be killed does not have to wait it out.
    const hurried = signals.includes("SIGKILL") && sandbox.world.replication.lagMs === 0;
    const run = await runOf(start, sandbox, { started: (kill) => (send = kill), hurried });
    return Object.assign(run, { met });
  } finally {
    stop();
  }
}

/** What an undisturbed run does, and what it leaves. */
export interface Undisturbed {
  /** Its requests, numbered from 1. */
  readonly requests: readonly RequestEntry[];
  /** The shape of the world afterwards. */
  readonly shape: string;
}

/** Runs a command to its end, undisturbed. */
export function undisturbed(start: Start, worlds: Worlds): Promise<Undisturbed> {
  return worlds.use(start.state, async (sandbox) => {
    const found = keysEverMade(sandbox);
    sandbox.invariants.maxLiveKeys = 2;
    const before = sandbox.requests.entries.length;
    const run = await runOf(start, sandbox);
    expect(run.code, run.stderr).toBe(0);
    expectOrder(sandbox, start, found);
    const requests = sandbox.requests.entries.slice(before);
    return {
      requests: requests.map((entry) => ({ ...entry, index: entry.index - before })),
      shape: shapeOf(sandbox),
    };
  });
}

/** Every key ever made, oldest first, including those removed since. */
export function keysEverMade({ world }: Sandbox) {
  const { applications, caller } = world;
  return applications.filter(({ appId }) => appId !== caller.appId).flatMap(({ passwords }) => passwords);
}

/** The keys when nothing is left to do. */
export type End = Pick<Start, "keysLeft" | "keyInUse">;

/**
 * Expects that the right number of keys is left, that all secrets use the right one and name the other as one to
 * retire, that no mark is pending, and that nothing ever broke.
 * @param found the keys that existed before
 */
export function expectOrder(
  sandbox: Sandbox,
  { keysLeft, keyInUse }: End = { keysLeft: 1, keyInUse: "made" },
  found: ReturnType<typeof keysEverMade> = [],
): void {
  expect(sandbox.violations).toEqual([]);
  const { applications, caller, clusters, registries } = sandbox.world;
  const ours = applications.filter(
    ({ appId, removedAt }) => appId !== caller.appId && removedAt === undefined,
  );
  expect(ours, "applications").toHaveLength(1);
  const keys = keysEverMade(sandbox).filter(({ removedAt }) => removedAt === undefined);
  expect(keys, "keys, expired ones too").toHaveLength(keysLeft);
  const inUse = keyInUse === "made" ? keys.at(-1) : found[keyInUse];
  const before = keys.find((key) => key !== inUse);
  expect(keys).toContain(inUse);
  if (keyInUse === "made") expect(found.map(({ keyId }) => keyId)).not.toContain(inUse?.keyId);
  const loginServer = registries.find(({ name }) => name === "myregistry")?.loginServer ?? "";
  const secrets = clusters[0]?.objects["secrets"]?.map(({ metadata }) => metadata) ?? [];
  const holders = secrets.filter(({ name }) => name === "acr-secret");
  expect(holders, "secrets").not.toEqual([]);
  for (const { namespace } of holders) {
    const { auths } = dockerConfigOf(sandbox, namespace);
    expect(auths[loginServer]?.password, namespace).toBe(inUse?.secretText);
    expect(auths[`https://${loginServer}`]?.password, namespace).toBe(before?.secretText);
    const mark = marksOf(sandbox, namespace)[loginServer];
    expect(mark?.keyId, namespace).toBe(inUse?.keyId);
    expect(mark?.retire?.keyId, namespace).toBe(before?.keyId);
    expect(mark, namespace).not.toHaveProperty("pending");
  }
  expect(liveAssignments(sandbox)).toHaveLength(1);
  expect(sandbox.invariants.unknownKeys()).toEqual([]);
}

/** What the tests of cut-off commands share. */
export interface Recovery {
  readonly worlds: Worlds;
  readonly undisturbed: Undisturbed;
  /**
   * Commands, with the shapes of worlds from which they finished. A world left in the same shape is not finished
   * again.
   */
  readonly finished?: Set<string>;
}

/**
 * Lets a run continue from what cut-off runs left. It must reach exactly the end that an undisturbed run reaches.
 * @param found the keys that existed before all of them
 */
export async function finish(
  start: Start,
  sandbox: Sandbox,
  found: ReturnType<typeof keysEverMade>,
  { undisturbed, finished }: Recovery,
): Promise<void> {
  await atRest(sandbox);
  expect(sandbox.violations).toEqual([]);
  expect(sandbox.invariants.unknownKeys(), "keys that nothing leads to").toEqual([]);
  const left = finished && `${start.command} ${start.arguments.join(" ")}\n${shapeOf(sandbox)}`;
  if (left !== undefined && finished?.has(left)) return;
  const run = await runOf(start, sandbox);
  expect(run.code, run.stderr + run.stdout).toBe(0);
  await atRest(sandbox);
  expectOrder(sandbox, start, found);
  expect(shapeOf(sandbox), run.stdout).toBe(undisturbed.shape);
  if (left !== undefined) finished?.add(left);
}

/**
 * Kills one run after the other, each at its moment, and then lets one run finish.
 * @throws the failed expectation, with the moments
 */
export async function recover(start: Start, kills: readonly Kill[], recovery: Recovery): Promise<void> {
  const told: string[] = [];
  try {
    await recovery.worlds.use(start.state, async (sandbox) => {
      const found = keysEverMade(sandbox);
      for (const kill of kills) {
        const { met, code, stderr } = await runSignalled(sandbox, start, kill);
        told.push(
          met
            ? `killed at ${kill.request} ${kill.phase}: ${met.service} ${met.method} ${met.path}`
            : `ended with ${code} before request ${kill.request}`,
        );
        expect(met ? 0 : code, stderr).toBe(0);
      }
      await finish(start, sandbox, found, recovery);
    });
  } catch (error) {
    throw new Error(`${start.name}: ${told.join("\n")}\n${String(error)}`, { cause: error });
  }
}

/** Waits until nothing that a killed run sent is still on its way, to the sandbox or to where the sandbox relays it. */
export async function atRest(sandbox: Sandbox & { readonly settled?: () => Promise<void> }): Promise<void> {
  const { requests } = sandbox;
  for (let seen = -1; seen !== requests.entries.length;) {
    seen = requests.entries.length;
    await new Promise((resolve) => setTimeout(resolve, 25));
    await sandbox.settled?.();
  }
}

/** Checks every case, some at a time, and returns those that failed. */
export async function failuresOf<C>(
  cases: readonly C[],
  check: (one: C) => Promise<void>,
  concurrency = 4,
): Promise<readonly string[]> {
  const failures: string[] = [];
  await pMap(
    cases,
    async (one) =>
      check(one).catch((error: Error) => failures.push(`${JSON.stringify(one)} ${error.message}`)),
    { concurrency },
  );
  return failures;
}

/** A kill at every request, with the phases in turn. */
export function everywhere({ requests }: Pick<Undisturbed, "requests">): Kill[] {
  return requests.map(({ index: request }) => ({
    request,
    phase: phases[request % phases.length] ?? "answered",
  }));
}

/**
 * Kills a command at each of these moments.
 * @returns how many moments there were, and those after which a second run did not finish
 */
export async function recoveries(
  start: Start,
  worlds: Worlds,
  killsOf: (known: Undisturbed) => Kill[],
): Promise<{ readonly count: number; readonly failures: readonly string[] }> {
  const known = await undisturbed(start, worlds);
  const kills = killsOf(known);
  const recovery = { worlds, undisturbed: known, finished: new Set<string>() };
  const failures = await failuresOf(kills, (kill) => recover(start, [kill], recovery));
  return { count: kills.length, failures };
}
