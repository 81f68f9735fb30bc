import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { pullRights } from "../../src/sandbox/container-registry/pull-rights.ts";
import { Replication, type ReplicaView, type ReplicationOptions } from "../../src/sandbox/replication.ts";
import type { Replicated } from "../../src/sandbox/world.ts";
import { inProcessAzure } from "./in-process-azure.ts";
import { password, registryWorld } from "./registry-world.ts";

const start = Date.parse("2026-01-01T00:00:00Z");
const lagMs = 900_000;
const minute = 60_000;

function replication(options: Partial<ReplicationOptions> = {}): Replication {
  return new Replication({ replicas: 16, lagMs, pattern: "random", seed: "a", ...options });
}

/** What each of this many reads at one moment says. */
function reads<T>(from: Replication, now: number, say: (view: ReplicaView) => T, count = 40): T[] {
  return Array.from({ length: count }, () => say(from.read(now)));
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: start });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("replicas that lag steadily", () => {
  it.each([
    [1, [true, true, true, true]],
    [2, [false, true, false, true]],
    [3, [false, false, true, false]],
  ])("and are %i are met in turn, the first of them knowing all", (replicas, expected) => {
    const record: Replicated = { createdAt: start };
    const met = reads(replication({ pattern: "steady", replicas }), start, (view) => view.knows(record), 4);
    expect(met).toEqual(expected);
  });
});

describe("replicas that learn at random", () => {
  const record = (): Replicated => ({ createdAt: start });

  it("know a write on some reads and not on others, and all of them once the lag is over", () => {
    const replicas = replication();
    const made = record();
    const known = (view: ReplicaView) => view.knows(made);
    expect(new Set(reads(replicas, start + 7 * minute, known))).toEqual(new Set([true, false]));
    expect(new Set(reads(replicas, start + 15 * minute, known))).toEqual(new Set([true]));
  });

  it("show what was removed on some reads and not on others, and none of them once the lag is over", () => {
    const replicas = replication();
    const removed: Replicated = { createdAt: 0, removedAt: start };
    const known = (view: ReplicaView) => view.knows(removed);
    expect(new Set(reads(replicas, start + 7 * minute, known))).toEqual(new Set([true, false]));
    expect(new Set(reads(replicas, start + 15 * minute, known))).toEqual(new Set([false]));
    expect(new Set(reads(replicas, start, (view) => view.hasHeardOf(removed)))).toEqual(new Set([true]));
  });

  it("never forget what they have learnt", () => {
    const replicas = replication({ replicas: 1 });
    const made = record();
    const known = Array.from({ length: 16 }, (_, minutes) =>
      replicas.read(start + minutes * minute).knows(made),
    );
    expect(known.indexOf(true)).toBeGreaterThan(0);
    expect(known).toEqual(known.toSorted());
  });

  it("learn of each write after a delay of its own", () => {
    const replicas = replication({ replicas: 1 });
    const records = Array.from({ length: 20 }, record);
    const known = records.map((one) => replicas.read(start + 7 * minute).knows(one));
    expect(new Set(known)).toEqual(new Set([true, false]));
  });

  it("can be looked at one by one, which changes nothing for those who read", () => {
    const made = record();
    const now = start + 7 * minute;
    const [replicas, alike] = [replication(), replication()];
    const known = replicas.all(now).map((view) => view.knows(made));
    expect(known).toHaveLength(16);
    expect(new Set(known)).toEqual(new Set([true, false]));
    const met = (from: Replication) => reads(from, now, (view) => view.knows(made));
    expect(met(replicas)).toEqual(met(alike));
  });

  it("answer alike for the same seed, and not for another", () => {
    const answers = (seed: string) => {
      const made = record();
      return reads(replication({ seed }), start + 7 * minute, (view) => view.knows(made));
    };
    expect(answers("a")).toEqual(answers("a"));
    expect(answers("a")).not.toEqual(answers("b"));
  });
});

describe("a password that was removed", () => {
  const options = { replicas: 5, replication: "random", replicationLag: "10m", seed: "removal" } as const;

  it("still pulls by replicas that do not know, until the time is over", () => {
    const all = registryWorld([{ role: "AcrPull", scope: "myregistry" }], options);
    const { world, legacy, application } = all;
    application.passwords[0]!.removedAt = start;
    const kinds = () =>
      new Set(
        reads(
          world.replication,
          Date.now(),
          (view) => pullRights(world, legacy, application.appId, password, view).kind,
        ),
      );
    vi.setSystemTime(start + 5 * minute);
    expect(kinds()).toEqual(new Set(["admitted", "refused"]));
    vi.setSystemTime(start + 10 * minute);
    expect(kinds()).toEqual(new Set(["refused"]));
  });

  it("still signs in by replicas that do not know, until the time is over", async () => {
    const azure = inProcessAzure(options);
    const { appId, secretText } = azure.world.caller;
    const statuses = async () => {
      const form = { client_id: appId, client_secret: secretText, grant_type: "client_credentials" };
      const scope = "https://graph.microsoft.com/.default";
      const answers = new Set<number>();
      for (let read = 0; read < 20; read += 1) answers.add((await azure.token({ ...form, scope })).status);
      return answers;
    };
    azure.world.servicePrincipals.find((one) => one.appId === appId)!.passwords[0]!.removedAt = start;
    vi.setSystemTime(start + 5 * minute);
    expect(await statuses()).toEqual(new Set([200, 401]));
    vi.setSystemTime(start + 10 * minute);
    expect(await statuses()).toEqual(new Set([401]));
  });
});
