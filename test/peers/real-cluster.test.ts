import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { succeed } from "./clients.ts";
import { lacks } from "./peer.ts";
import { clusterPeers, startCluster, type RealCluster } from "./real-cluster.ts";

describe.skipIf(lacks(...clusterPeers, "kubectl"))(
  "a real cluster (needs etcd, kube-apiserver, kube-controller-manager, kubectl)",
  () => {
    let cluster: RealCluster;
    let namespace: string;
    let namespaces = 0;

    beforeAll(async () => {
      cluster = await startCluster();
    }, 120_000);
    afterAll(() => cluster.close());

    async function newNamespace(): Promise<string> {
      namespaces += 1;
      namespace = `own-${namespaces}`;
      await cluster.api("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
      return namespace;
    }

    const kubectl = (words: string, KUBECONFIG = cluster.admin.kubeconfigPath): Promise<string> =>
      succeed("kubectl", words.split(" "), { KUBECONFIG, HOME: cluster.folder });

    it("is of kubectl's own version", async () => {
      const { clientVersion, serverVersion } = JSON.parse(await kubectl("version -o json"));
      expect(serverVersion.gitVersion).toBe(clientVersion.gitVersion);
    });

    it("gives a new namespace its service account, and takes a deleted one away", async () => {
      const namespace = await newNamespace();
      await kubectl(`wait --for=create serviceaccount/default -n ${namespace}`);
      await kubectl(`delete namespace ${namespace}`);
      expect((await cluster.api("GET", `/api/v1/namespaces/${namespace}`)).status).toBe(404);
    });

    it("lets a user do what was granted where it was, and nothing else", async () => {
      const [mine, other] = [await newNamespace(), await newNamespace()];
      const { kubeconfigPath } = await cluster.addUser(
        [
          { verbs: ["create"], resources: ["secrets"], namespaces: [mine] },
          { verbs: ["get"], resources: ["secrets"], namespaces: [mine], resourceNames: ["a"] },
          { verbs: ["list"], resources: ["pods"] },
        ],
        mine,
      );
      await kubectl("create secret generic a", kubeconfigPath);
      await kubectl("get secret a", kubeconfigPath);
      await kubectl("get pods -A", kubeconfigPath);
      await expect(kubectl("get secret b", kubeconfigPath)).rejects.toThrow(/secrets "b" is forbidden/);
      await expect(kubectl(`create secret generic a -n ${other}`, kubeconfigPath)).rejects.toThrow(
        /forbidden/,
      );
    });

    it("tells of each write whose it was and whether it was a rehearsal, as the API server read it", async () => {
      const path = `/api/v1/namespaces/${await newNamespace()}/secrets`;
      const { name, kubeconfigPath } = await cluster.addUser([{ verbs: ["*"], resources: ["*"] }], namespace);
      const all = (words: string) => kubectl(words, kubeconfigPath);
      const writes = await cluster.writesDuring(async () => {
        await all("create secret generic a --dry-run=server");
        await all("create secret generic a");
        await all("get secrets");
        await all("auth can-i create secrets");
        await all("delete secret a --dry-run=server");
        await all("delete secret a");
      });
      expect(writes.map(({ verb, user, dryRun, code }) => ({ verb, user, dryRun, code }))).toEqual([
        { verb: "create", user: name, dryRun: true, code: 201 },
        { verb: "create", user: name, dryRun: false, code: 201 },
        { verb: "delete", user: name, dryRun: true, code: 200 },
        { verb: "delete", user: name, dryRun: false, code: 200 },
      ]);
      expect(writes[0]?.uri).toMatch(`${path}?dryRun=All`);
      expect(writes[0]?.userAgent).toMatch(/^kubectl\//);
    });
  },
);
