import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RequestEntry } from "../../src/sandbox/request-log.ts";
import { phases, type Kill } from "../crash/kills.ts";
import { lacks } from "./peer.ts";
import { clusterPeers } from "./real-cluster.ts";
import { killed, RealWorlds } from "./real-kills.ts";

/** Enough to keep two cores busy: part of the time is spent waiting between proofs. */
const clusters = 6;

/**
 * At every change in every phase, and at every read in one phase, in turn: a read leaves what it found in any phase.
 */
function everywhere(requests: readonly RequestEntry[]): Kill[] {
  return requests.flatMap(({ index: request, mutating }) =>
    phases
      .filter((_, place) => mutating || place === request % phases.length)
      .map((phase) => ({ request, phase })),
  );
}

describe.skipIf(lacks(...clusterPeers))(
  "killed at every request to Azure and to a real cluster, at every change in every phase (needs etcd, kube-apiserver, kube-controller-manager)",
  () => {
    let worlds: RealWorlds;
    beforeAll(async () => {
      worlds = await RealWorlds.start(clusters);
    });
    afterAll(() => worlds.close());

    it.each(Object.values(killed))(
      "is finished by the same command again: $command, $name",
      async (start) => {
        const { kills, failures } = await worlds.kill(start, everywhere);
        expect(failures).toEqual([]);
        expect(kills).toBeGreaterThan(50);
      },
      7_200_000,
    );
  },
);
