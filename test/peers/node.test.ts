import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { setup } from "../program.ts";
import { startCluster, type RealCluster } from "./real-cluster.ts";
import { lacksNode, startNode, type RealNode } from "./real-node.ts";

describe.skipIf(lacksNode())("a kubelet (needs root, Kubernetes, etcd, containerd, runc)", () => {
  let sandbox: Sandbox;
  let cluster: RealCluster;
  let node: RealNode;
  let loginServer: string;
  let namespaces = 0;

  beforeAll(async () => {
    [sandbox, cluster] = await Promise.all([startSandbox(), startCluster()]);
    loginServer = sandbox.world.registries[0]!.loginServer;
    const certificate = await readFile(sandbox.caPath, "utf8");
    node = await startNode(cluster, { registries: [loginServer], certificate });
  }, 240_000);
  afterAll(async () => {
    await Promise.all([cluster.close(), sandbox.close()]);
  });

  async function newNamespace(): Promise<string> {
    namespaces += 1;
    const name = `pulls-${namespaces}`;
    await cluster.api("POST", "/api/v1/namespaces", { metadata: { name } });
    return name;
  }

  const image = () => `${loginServer}/my-awesome-app:v1`;
  const setUp = async (...args: readonly string[]): Promise<void> => {
    const run = await setup(sandbox, args, { env: { KUBECONFIG: cluster.admin.kubeconfigPath } });
    expect(run.code, run.stderr).toBe(0);
  };

  it("pulls for a pod with the secret that setup wrote and runs it, and not without", async () => {
    const namespace = await newNamespace();
    await setUp("-n", namespace);
    expect(await node.pull({ namespace, image: image() })).toMatchObject({
      pulled: false,
      message: expect.stringContaining("401"),
    });
    expect(await node.pull({ namespace, image: image(), secret: "acr-secret" })).toMatchObject({
      pulled: true,
    });
  });

  it("pulls for every pod of a service account that setup linked", async () => {
    const namespace = await newNamespace();
    await setUp("-n", namespace, "--service-account", "default");
    expect(await node.pull({ namespace, image: image() })).toMatchObject({ pulled: true });
  });
});
