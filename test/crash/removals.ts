import { expect } from "vitest";
import type { RequestEntry } from "../../src/sandbox/request-log.ts";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { liveAssignments, livePasswords } from "../program.ts";
import { expectDepartures } from "../scenarios/removal.ts";
import { atRest, phases, runSignalled, type Kill } from "./kills.ts";
import { everything, nothing, runOf, setUp, type Command, type State } from "./starts.ts";
import { shapeOf } from "./world-shape.ts";
import type { Worlds } from "./worlds.ts";

/** A removal and the world that it finds. */
export interface RemovalStart extends Command {
  readonly name: string;
  readonly state: State;
}

/** Removals that differ in what they have to do. */
export const removalStarts = {
  everything: {
    name: "two keys, links, and a secret that holds another host",
    state: everything,
    command: "remove",
    arguments: ["--service-account", "default"],
  },
  /** Other secrets hold the key, so it stays. */
  one: {
    name: "one namespace of five",
    state: setUp,
    command: "remove",
    arguments: ["-n", "beta"],
  },
  /** What a killed setup left: a mark, an application, and a key that no secret holds. */
  halfMade: {
    name: "what a killed setup left",
    state: {
      from: nothing,
      async prepare(sandbox: Sandbox) {
        const kill: Kill = { request: /addPassword/, phase: "committed" };
        const { met } = await runSignalled(sandbox, { command: "setup", arguments: [] }, kill);
        if (!met) throw new Error("setup adds a password");
        await atRest(sandbox);
      },
    },
    command: "remove",
    arguments: [],
  },
} as const satisfies Record<string, RemovalStart>;

/** What an undisturbed removal does, and what it leaves. */
export interface UndisturbedRemoval {
  /** Its requests, numbered from 1. */
  readonly requests: readonly RequestEntry[];
  readonly shape: string;
}

/** Runs a removal to its end, undisturbed. */
export function undisturbedRemoval(start: RemovalStart, worlds: Worlds): Promise<UndisturbedRemoval> {
  return worlds.use(start.state, async (sandbox) => {
    expectDepartures(sandbox);
    const before = sandbox.requests.entries.length;
    const run = await runOf(start, sandbox);
    expect(run.code, run.stderr).toBe(0);
    const requests = sandbox.requests.entries.slice(before);
    const shape = shapeOf(sandbox);
    return { requests: requests.map((entry) => ({ ...entry, index: entry.index - before })), shape };
  });
}

/** A kill at every request that asks for a change, with the phases in turn. `turn` says which comes first. */
export function killsAt({ requests }: UndisturbedRemoval, turn: number): Kill[] {
  return requests
    .filter(({ mutating }) => mutating)
    .map(({ index: request }, place) => ({
      request,
      phase: phases[(place + turn) % phases.length] ?? "answered",
    }));
}

/** What the tests of cut-off removals share. */
export interface RemovalRecovery {
  readonly worlds: Worlds;
  readonly undisturbed: UndisturbedRemoval;
  /** Shapes of worlds from which a removal finished. A world left in the same shape is not finished again. */
  readonly finished?: Set<string>;
}

/**
 * Kills a removal at one moment after the other. The last run must reach the end that an undisturbed one reaches.
 * @throws the failed expectation, with the moments
 */
export async function finishRemoval(
  start: RemovalStart,
  kills: readonly Kill[],
  { worlds, undisturbed, finished }: RemovalRecovery,
): Promise<void> {
  const told: string[] = [];
  try {
    await worlds.use(start.state, async (sandbox) => {
      expectDepartures(sandbox);
      for (const kill of kills) {
        const { met, code, stderr } = await runSignalled(sandbox, start, kill);
        told.push(met ? `killed at ${kill.phase}: ${met.method} ${met.path}` : `ended with ${code}`);
        expect(met ? 0 : code, stderr).toBe(0);
        await atRest(sandbox);
        expect(sandbox.violations).toEqual([]);
        expect(sandbox.invariants.unknownKeys(), "keys that nothing leads to").toEqual([]);
      }
      const left = finished && shapeOf(sandbox);
      if (left !== undefined && finished?.has(left)) return;
      const run = await runOf(start, sandbox);
      expect(run.code, run.stderr + run.stdout).toBe(0);
      await atRest(sandbox);
      expect(sandbox.violations).toEqual([]);
      expect(shapeOf(sandbox), run.stdout).toBe(undisturbed.shape);
      if (left !== undefined) finished?.add(left);
    });
  } catch (error) {
    throw new Error(`${start.name}: ${told.join("\n")}\n${String(error)}`, { cause: error });
  }
}

/** Expects that nothing that was made is left in Azure. */
export function expectNothingLeft(sandbox: Sandbox): void {
  expect(livePasswords(sandbox)).toEqual([]);
  expect(liveAssignments(sandbox)).toEqual([]);
  const { applications, caller } = sandbox.world;
  const ours = applications.filter(
    ({ appId, removedAt }) => appId !== caller.appId && removedAt === undefined,
  );
  expect(ours).toEqual([]);
  const deleted = applications.filter(({ softDeleted }) => softDeleted);
  expect(deleted, "deleted, and not for good").toEqual([]);
  expect(sandbox.violations).toEqual([]);
}
