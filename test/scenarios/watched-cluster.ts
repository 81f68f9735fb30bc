import { statSync } from "node:fs";
import type { TestContext } from "vitest";
import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import { changesInAuditLog } from "./audit-log.ts";
import { KubectlCluster } from "./kubectl-cluster.ts";
import { start } from "./rotation.ts";

/**
 * A cluster of which is told what changes it was asked for: the sandbox's, or, with TEST_KUBECONFIG, a real one whose
 * API server writes its audit log to the file TEST_AUDIT_LOG. Azure and the registries are the sandbox's either way.
 */
export interface WatchedCluster {
  readonly sandbox: Sandbox;
  /** A namespace that nobody else uses. */
  readonly namespace: string;
  /** For a run of the program. */
  readonly env: Readonly<Record<string, string>>;
  readonly add: (object: Parameters<Sandbox["addObject"]>[1]) => Promise<void>;
  /** Starts anew what `changes` tells. */
  readonly forget: () => void;
  /** What the API server and Azure were asked to carry out. */
  readonly changes: () => string[];
}

/** Whether the cluster is a real one. */
export const isReal = process.env["TEST_KUBECONFIG"] !== undefined;

/** The cluster for one test; what it made is taken away when that is over. */
export async function watchedCluster(test: Pick<TestContext, "onTestFinished">): Promise<WatchedCluster> {
  const sandbox = await start(test);
  let since = 0;
  const changesOfSandbox = () =>
    sandbox.requests
      .mutating()
      .filter(({ index }) => index > since)
      .map(({ service, method, path }) => `${service}: ${method} ${path}`);
  const forget = () => void (since = sandbox.requests.entries.length);
  if (!isReal) {
    const add: WatchedCluster["add"] = async (object) => void sandbox.addObject("sandbox", object);
    return { sandbox, namespace: "awesomeapps", env: {}, add, forget, changes: changesOfSandbox };
  }
  const log = process.env["TEST_AUDIT_LOG"];
  if (log === undefined) throw new Error("TEST_KUBECONFIG needs TEST_AUDIT_LOG, the API server's audit log");
  const cluster = await KubectlCluster.of(sandbox);
  test.onTestFinished(() => cluster.removeNamespaces());
  let fromByte = 0;
  return {
    sandbox,
    namespace: await cluster.newNamespace(),
    env: cluster.env,
    add: async (object) => void (await cluster.kubectl("create -f -", object)),
    forget: () => {
      forget();
      fromByte = statSync(log).size;
    },
    changes: () => [...changesOfSandbox(), ...changesInAuditLog(log, fromByte)],
  };
}
