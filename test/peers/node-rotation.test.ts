import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { rotate, setup, type Run } from "../program.ts";
import { startPulls } from "./pulls.ts";
import { startCluster, type RealCluster } from "./real-cluster.ts";
import { lacksNode, startNode, type PullingPod, type RealNode } from "./real-node.ts";
import { until } from "./server-process.ts";

/** Every replica of Azure learns of a write within this time. */
const lag = "2s";
/** Longer than the lag: how long a rotation has to wait until every replica knows. */
const settle = ["--settle", "4s"];
/** A registry, and so a key, for each test. */
const names = ["keptregistry", "refusedregistry", "aloneregistry"] as const;
type Name = (typeof names)[number];

describe.skipIf(lacksNode())(
  "a kubelet that pulls anew every 300 ms while keys are rotated (needs root, Kubernetes, etcd, containerd, runc)",
  () => {
    let sandbox: Sandbox;
    let cluster: RealCluster;
    let node: RealNode;

    beforeAll(async () => {
      [sandbox, cluster] = await Promise.all([
        startSandbox({ replicationLag: lag, replicas: 5, registries: names.map((name) => ({ name })) }),
        startCluster(),
      ]);
      const registries = sandbox.world.registries.map(({ loginServer }) => loginServer);
      const certificate = await readFile(sandbox.caPath, "utf8");
      node = await startNode(cluster, { registries, certificate });
    }, 240_000);
    afterAll(async () => {
      await Promise.all([cluster.close(), sandbox.close()]);
    });

    const env = () => ({ KUBECONFIG: cluster.admin.kubeconfigPath });

    /** A namespace whose pods name the secret, and one whose service account does. Both are set up and can pull. */
    async function setUpPods(name: Name): Promise<readonly PullingPod[]> {
      const namespaces = [`${name}-by-pod`, `${name}-by-account`] as const;
      for (const namespace of namespaces) {
        await cluster.api("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
      }
      await sets("--registry", name, "-n", namespaces[0]);
      await sets("--registry", name, "-n", namespaces[1], "--service-account", "default");
      const { loginServer } = sandbox.world.registries.find((one) => one.name === name)!;
      const image = `${loginServer}/my-awesome-app:v1`;
      return [
        { image, namespace: namespaces[0], secret: "acr-secret" },
        { image, namespace: namespaces[1] },
      ];
    }

    const sets = (...args: readonly string[]) => succeeds(setup(sandbox, args, { env: env() }));
    const rotates = (name: Name, ...args: readonly string[]) =>
      succeeds(rotate(sandbox, ["--registry", name, ...args], { env: env() }));

    async function succeeds(running: Promise<Run>): Promise<Run> {
      const run = await running;
      expect(run.code, run.stderr).toBe(0);
      return run;
    }

    /** Ends the grace period of every retirement. */
    async function endGrace(pods: readonly PullingPod[]): Promise<void> {
      for (const { namespace } of pods) {
        const path = `/api/v1/namespaces/${namespace}/secrets/acr-secret`;
        const { metadata } = (await cluster.api("GET", path)).body;
        const marks = JSON.parse(metadata.annotations["acr-pull/entries"]);
        for (const mark of Object.values<{ retire?: { after: string } }>(marks)) {
          if (mark.retire) mark.retire.after = new Date(Date.now() - 60_000).toISOString();
        }
        const annotations = { "acr-pull/entries": JSON.stringify(marks) };
        await cluster.api("PATCH", path, { metadata: { annotations } });
      }
    }

    it("fails no pull: with a grace, retired, and for a key that has leaked", async ({ annotate }) => {
      const pods = await setUpPods("keptregistry");
      const pulls = startPulls(node, pods);
      await pulls.more(4);
      const begun = await rotates("keptregistry", ...settle);
      await pulls.more(4);
      expect(begun.json.rotations).toMatchObject([{ state: "pending" }]);
      await endGrace(pods);
      const finished = await rotates("keptregistry", "--finish", ...settle);
      await pulls.more(4);
      expect(finished.json.rotations).toMatchObject([{ state: "rotated", retired: true }]);
      const compromised = await rotates(
        "keptregistry",
        "--compromised",
        ...pods.flatMap(({ namespace }) => ["-n", namespace]),
        ...settle,
      );
      await pulls.more(4);
      expect(compromised.json.rotations).toMatchObject([{ state: "rotated", retired: true }]);
      const { count, failures } = await pulls.end();
      expect(failures).toEqual([]);
      expect(asked(sandbox, "keptregistry").manifests).toBeGreaterThanOrEqual(count);
      await annotate(`${count} pulls, ${asked(sandbox, "keptregistry").refused} sign-ins refused`);
    }, 600_000);

    it("fails none when the registry refuses the new key, for the old one is beside it", async ({
      annotate,
    }) => {
      const pods = await setUpPods("refusedregistry");
      const pulls = startPulls(node, pods);
      await pulls.more(4);
      await rotates("refusedregistry");
      endNewestKey(sandbox);
      // A kubelet takes the two entries in random order at each pull.
      await until("the new key is tried", async () => asked(sandbox, "refusedregistry").refused >= 8);
      await pulls.more(4);
      const { count, failures } = await pulls.end();
      expect(failures).toEqual([]);
      const { refused } = asked(sandbox, "refusedregistry");
      await annotate(`${count} pulls, ${refused} sign-ins refused`);
    }, 600_000);

    it("fails when the new key is refused and alone", async ({ annotate }) => {
      const pods = await setUpPods("aloneregistry");
      const pulls = startPulls(node, pods);
      await pulls.more(4);
      await rotates("aloneregistry", "--no-overlap-entry");
      endNewestKey(sandbox);
      await pulls.more(8);
      const { count, failures } = await pulls.end();
      expect(failures.length).toBeGreaterThanOrEqual(8);
      for (const { message } of failures) expect(message).toContain("401");
      await annotate(`${count} pulls, ${failures.length} failed`);
    }, 600_000);
  },
);

/** Makes Azure refuse the newest key. */
function endNewestKey({ world }: Sandbox): void {
  const keys = world.applications.flatMap(({ passwords }) => passwords);
  const newest = keys.reduce((one, other) => (other.startDateTime > one.startDateTime ? other : one));
  newest.endDateTime = newest.startDateTime;
}

/** How often a registry gave containerd a manifest, and how often it refused its user name and password. */
function asked({ requests }: Sandbox, name: Name): { manifests: number; refused: number } {
  const own = requests.entries.filter(
    ({ service, userAgent }) => service === `registry ${name}` && userAgent.startsWith("containerd/"),
  );
  return {
    manifests: own.filter(({ path, status }) => path.includes("/manifests/") && status === 200).length,
    refused: own.filter(({ path, status }) => path === "/oauth2/token" && status === 401).length,
  };
}
