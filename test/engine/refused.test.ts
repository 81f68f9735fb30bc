import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FaultOptions } from "../../src/sandbox/faults.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { liveAssignments, livePasswords, secretOf } from "../program.ts";
import { both } from "./cut-off.ts";
import { Engine, expectOrder, stateSecret } from "./drive.ts";

let sandbox: Sandbox;
let engine: Engine;
beforeEach(async () => {
  sandbox = await startSandbox({ checkInvariants: true });
  engine = new Engine(sandbox);
});
afterEach(async () => {
  engine.end();
  await sandbox.close();
});

const forbidden: ReadonlyArray<readonly [string, FaultOptions]> = [
  ["an application", { match: "POST /v1.0/applications$", status: 403, times: 99 }],
  ["a role", { match: "PUT .*/roleAssignments/", status: 403, times: 99 }],
  ["a password", { match: "POST .*/addPassword", status: 403, times: 99 }],
];

describe("setup that is refused for good", () => {
  it.each(forbidden)("%s: leaves nothing, and works when it is allowed", async (_what, fault) => {
    sandbox.setFaults([fault]);
    const run = await engine.setup(both);
    expect(run.code, run.lines.join("\n")).toBe(3);
    sandbox.setFaults([]);
    const { applications, caller } = sandbox.world;
    expect(
      applications.filter(({ appId, removedAt }) => appId !== caller.appId && removedAt === undefined),
    ).toEqual([]);
    expect(liveAssignments(sandbox)).toEqual([]);
    expect(livePasswords(sandbox)).toEqual([]);
    expect(stateSecret(sandbox)).toBeUndefined();
    expect(secretOf(sandbox)).toBeUndefined();
    expect((await engine.setup(both)).code).toBe(0);
    expectOrder(sandbox, both);
  });

  it("a namespace: asks before anything is made", async () => {
    const [user] = sandbox.world.clusters[0]!.users;
    user!.rules = ["acr-pull", "awesomeapps"].map((namespace) => ({
      ...user!.rules[0]!,
      namespaces: [namespace],
    }));
    const run = await engine.setup(both);
    expect(run).toMatchObject({ code: 3, error: { code: "kubernetes.forbidden" } });
    expect(sandbox.requests.mutating().filter(({ path }) => !/token|selfsubject/.test(path))).toEqual([]);
  });
});
