import { expect } from "vitest";
import type { RotateInput } from "../../src/core/rotate/contract.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { virtualRun, type VirtualRun } from "../virtual-time.ts";
import { setUp } from "./already-set-up.ts";
import { keyIds, ownApplication } from "./rotation.ts";

const dayMs = 86_400_000;

/** A world in virtual time, in which every run of `rotate` must end well. */
export interface RotationInTime {
  readonly sandbox: Sandbox;
  readonly time: VirtualRun;
  /** Runs `rotate` once. Returns what happened to the keys. */
  readonly rotate: (
    input?: Partial<RotateInput>,
  ) => Promise<ReadonlyArray<{ readonly state: string; readonly keyId: string | null }>>;
}

/** Does something in virtual time, in a world that was just set up. The sandbox's invariants must hold. */
export async function inVirtualTime(
  lifetimeDays: number,
  work: (world: RotationInTime) => Promise<void>,
): Promise<void> {
  const sandbox = await startSandbox({ checkInvariants: true });
  setUp(sandbox, { lifetimeDays, ageDays: 0.01 });
  // The job's own credentials do not end: whoever runs it renews them.
  for (const { passwords } of sandbox.world.servicePrincipals) {
    for (const password of passwords) password.endDateTime = "2099-01-01T00:00:00Z";
  }
  const time = virtualRun(sandbox);
  try {
    await work({
      sandbox,
      time,
      rotate: async (input = {}) => {
        const outcome = await time.rotate(input);
        if (outcome.kind !== "finished") throw new Error("it was agreed to");
        expect(outcome.error).toBeUndefined();
        return outcome.result.rotations;
      },
    });
    expect(sandbox.violations).toEqual([]);
    expect(sandbox.invariants.unknownKeys()).toEqual([]);
  } finally {
    time.end();
    await sandbox.close();
  }
}

/** The lifetime in days with which each key of the application was made, oldest first. */
export function lifetimes(sandbox: Sandbox): number[] {
  return ownApplication(sandbox).passwords.map(({ startDateTime, endDateTime }) =>
    Math.round((Date.parse(endDateTime) - Date.parse(startDateTime)) / dayMs),
  );
}

/**
 * A job that runs `rotate --if-due` every `everyDays` days, for `days` days.
 * @returns how many runs there were, and what those that changed something did, in order
 */
export async function runRegularly(
  { sandbox, time, rotate }: RotationInTime,
  { everyDays, days }: { everyDays: number; days: number },
): Promise<{ runs: number; changes: string[] }> {
  const changes: string[] = [];
  let runs = 0;
  for (let day = 0; day < days; day += everyDays) {
    const rotations = await rotate({ ifDue: true });
    runs += 1;
    changes.push(...rotations.map(({ state }) => state).filter((state) => state !== "unchanged"));
    expect(keyIds(sandbox).length, `keys on day ${day}`).toBeLessThanOrEqual(2);
    time.advance(everyDays * dayMs);
  }
  return { runs, changes };
}
