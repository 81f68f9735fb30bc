import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RequestEntry } from "../../src/sandbox/request-log.ts";
import type { Kill } from "../crash/kills.ts";
import { lacks } from "./peer.ts";
import { clusterPeers } from "./real-cluster.ts";
import { killed, RealWorlds } from "./real-kills.ts";

const sampleSize = 3;

/** Some changes, evenly spread, each after it is made and before the program knows. */
function sample(requests: readonly RequestEntry[]): Kill[] {
  const changes = requests.filter(({ mutating }) => mutating);
  return Array.from({ length: sampleSize }, (_, place) => {
    const change = changes[Math.floor(((place + 0.5) * changes.length) / sampleSize)];
    return { request: change?.index ?? 0, phase: "committed" };
  });
}

describe.skipIf(lacks(...clusterPeers))(
  "killed after a change of Azure or of a real cluster (needs etcd, kube-apiserver, kube-controller-manager)",
  () => {
    let worlds: RealWorlds;
    beforeAll(async () => {
      worlds = await RealWorlds.start(1);
    });
    afterAll(() => worlds.close());

    it.each([killed.linking, killed.ordinary, killed.removal])(
      "$command is finished by the same command again",
      async (start) => {
        const { kills, failures } = await worlds.kill(start, sample);
        expect(failures).toEqual([]);
        expect(kills).toBe(sampleSize);
      },
      600_000,
    );
  },
);
