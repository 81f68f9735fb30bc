import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { recover, undisturbed, type Kill, type Undisturbed } from "./kills.ts";
import { rotateStarts, setupStarts, type Start } from "./starts.ts";
import { Worlds } from "./worlds.ts";

const keyMade: Kill = { request: /POST .*addPassword/, phase: "committed" };

const worlds = new Worlds();
const known = new Map<Start, Undisturbed>();
const { nothing } = setupStarts;
const { compromised } = rotateStarts;
beforeAll(async () => {
  for (const start of [nothing, compromised]) known.set(start, await undisturbed(start, worlds));
});
afterAll(() => worlds.close());

/** The same start in a directory whose slowest replica is this far behind. */
function behind({ state, ...start }: Start, lagMs: number): Start {
  const prepare = ({ world }: Sandbox) => {
    const { applications, servicePrincipals, roleAssignments } = world;
    const passwords = applications.flatMap((one) => one.passwords);
    // Every replica has long known the records that exist.
    for (const record of [...applications, ...passwords, ...servicePrincipals, ...roleAssignments])
      Object.assign(record, { createdAt: record.createdAt - 3_600_000 });
    world.replication.lagMs = lagMs;
  };
  return { ...start, state: { from: state, prepare } };
}

async function recoverBehind(start: Start, lagMs: number, kills: readonly Kill[]): Promise<void> {
  const undisturbed = known.get(start);
  if (!undisturbed) throw new TypeError("what both commands do was looked at before");
  const lagging = new Worlds();
  try {
    await recover(behind(start, lagMs), kills, { worlds: lagging, undisturbed });
  } finally {
    await lagging.close();
  }
}

describe.concurrent("a command killed right after a key was made that not every replica knows", () => {
  // How far the replicas are behind when the key is looked for depends on the lag.
  it.each([
    ["setup", 2_000, nothing],
    ["setup", 5_000, nothing],
    ["setup", 8_000, nothing],
    ["rotate", 2_000, compromised],
    ["rotate", 8_000, compromised],
  ] as const)(
    "and run again at once, leaves exactly one (%s, %i ms behind)",
    async (_command, lagMs, start) => {
      await expect(recoverBehind(start, lagMs, [keyMade])).resolves.toBeUndefined();
    },
    600_000,
  );

  it("and killed again before it could remove that key, leaves exactly one all the same", async () => {
    const second: Kill = { request: /POST .*namespaces\/default\/secrets/, phase: "read" };
    await expect(recoverBehind(nothing, 2_000, [keyMade, second])).resolves.toBeUndefined();
  }, 600_000);
});
