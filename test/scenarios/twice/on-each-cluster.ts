import { afterAll, beforeAll, describe, type TestContext } from "vitest";
import { startSandbox, type Sandbox } from "../../../src/sandbox/sandbox.ts";
import type { SandboxOptions } from "../../../src/sandbox/world-options.ts";
import { lacks } from "../../peers/peer.ts";
import { clusterPeers, startCluster, type RealCluster } from "../../peers/real-cluster.ts";
import { realCluster, sandboxCluster } from "./clusters.ts";
import { Scenario } from "./scenario.ts";

/** Opens the scenario of one test. */
export type Open = (test: Pick<TestContext, "onTestFinished">, options?: SandboxOptions) => Promise<Scenario>;

/**
 * Runs the same tests for the sandbox's cluster and, among the tests of the peers, for a real Kubernetes API server.
 * Azure and the registries are the sandbox's either way. One test runs after another, so each has the cluster to
 * itself.
 */
export function onEachCluster(tests: (open: Open) => void): void {
  if (process.env["TEST_PEERS"] === undefined) inTheSandbox(tests);
  else atTheRealServer(tests);
}

function inTheSandbox(tests: (open: Open) => void): void {
  describe("in the sandbox", () => {
    tests(async (test, options) => {
      const sandbox = await start(undefined, options);
      return new Scenario(test, sandbox, await sandboxCluster(sandbox));
    });
  });
}

function atTheRealServer(tests: (open: Open) => void): void {
  describe.skipIf(lacks(...clusterPeers))(
    "at Kubernetes' own API server (needs etcd, kube-apiserver, kube-controller-manager)",
    () => {
      let real: RealCluster;
      let clusterId: string;
      beforeAll(async () => {
        real = await startCluster();
        clusterId = (await real.api("GET", "/api/v1/namespaces/kube-system")).body.metadata.uid;
      });
      afterAll(() => real.close());
      tests(async (test, options) => {
        const sandbox = await start(clusterId, options);
        return new Scenario(test, sandbox, realCluster(real));
      });
    },
  );
}

/** A sandbox whose cluster is empty. */
function start(kubeSystemUid: string | undefined, options: SandboxOptions = {}): Promise<Sandbox> {
  const namespaces = ["default", "kube-system"];
  const cluster = { context: "sandbox", namespaces, ...(kubeSystemUid !== undefined && { kubeSystemUid }) };
  return startSandbox({ checkInvariants: true, clusters: [cluster], ...options });
}
