import { expect } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { ApplicationRecord } from "../../src/sandbox/world.ts";
import { liveAssignments, livePasswords, secretOf, type Run } from "../program.ts";

/** Applications of ours, including deleted ones that can be restored. */
export function ownApplications({ world }: Sandbox): ApplicationRecord[] {
  return world.applications.filter(
    ({ uniqueName, removedAt, softDeleted }) =>
      uniqueName?.startsWith("acr-pull-") && (removedAt === undefined || softDeleted),
  );
}

/** Nothing of ours is in the directory, the registry or the cluster. */
export function expectNothingLeft(sandbox: Sandbox): void {
  expect(ownApplications(sandbox)).toEqual([]);
  expect(livePasswords(sandbox)).toEqual([]);
  expect(liveAssignments(sandbox)).toEqual([]);
  expect(secretOf(sandbox)).toBeUndefined();
}

/** The run was refused, and took back whatever it had made. */
export function expectTakenBack(sandbox: Sandbox, run: Run, code: string): void {
  expect([run.code, run.json.error.code], run.stderr).toEqual([3, code]);
  expectNothingLeft(sandbox);
}
