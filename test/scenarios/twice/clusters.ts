import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Sandbox } from "../../../src/sandbox/sandbox.ts";
import { kubeconfigText } from "../../../src/sandbox/kubernetes/kubeconfig-file.ts";
import type { AccessRule } from "../../../src/sandbox/world.ts";
import { askApi, type ApiAnswer, type RealCluster } from "../../peers/real-cluster.ts";

/** A cluster that is arranged and looked at only through its API, so it can be any cluster. */
export interface ScenarioCluster {
  /** The only context of its kubeconfig. */
  readonly context: string;
  /** The kubeconfig of a user who may do everything. */
  readonly kubeconfigPath: string;
  /** What must never appear on a screen. */
  readonly secrets: readonly string[];
  /** Asks it as a user whose requests are not counted. PATCH is a merge patch. */
  api(method: string, path: string, body?: unknown): Promise<ApiAnswer>;
  /** Adds a user with exactly these rights. Returns the path of a kubeconfig. */
  addUser(rules: readonly AccessRule[]): Promise<string>;
  /** What the program asked it to carry out during an action, as `VERB path`. */
  changesDuring(action: () => Promise<unknown>): Promise<readonly string[]>;
  /** Writes the status of a pod, as its kubelet does. */
  reportPod(namespace: string, name: string, status: object): Promise<void>;
}

/** The program's name, as API servers know it. */
const program = "acr-pull";

/** The sandbox's own cluster. Its request log stands for an audit log. */
export async function sandboxCluster(sandbox: Sandbox): Promise<ScenarioCluster> {
  const cluster = sandbox.world.clusters[0]!;
  const certificate = await readFile(sandbox.caPath, "utf8");
  const everything: AccessRule[] = [{ verbs: ["*"], resources: ["*"] }];
  const addUser = (rules: readonly AccessRule[]) => {
    const name = `user-${cluster.users.length}`;
    const user = { name, token: randomBytes(16).toString("hex"), rules: [...rules] };
    cluster.users.push(user);
    return user;
  };
  const arranger = addUser(everything);
  return {
    context: cluster.context,
    kubeconfigPath: sandbox.kubeconfigPath,
    secrets: [],
    api: (method, path, body) =>
      askApi({ server: cluster.server, certificate, token: arranger.token }, { method, path, body }),
    async addUser(rules) {
      const user = addUser(rules);
      const path = join(sandbox.folder, `kubeconfig-${user.name}`);
      const context = { name: cluster.context, cluster, user, namespace: undefined };
      await writeFile(path, kubeconfigText([context], certificate), { mode: 0o600 });
      return path;
    },
    async changesDuring(action) {
      const before = sandbox.requests.entries.length;
      await action();
      return sandbox.requests
        .mutating()
        .filter(({ index, service }) => index > before && service === `cluster ${cluster.context}`)
        .filter(({ userAgent }) => userAgent === program)
        .map(({ method, path }) => `${method} ${path}`);
    },
    async reportPod(namespace, name, status) {
      const pod = cluster.objects["pods"]?.find(
        ({ metadata }) => metadata.namespace === namespace && metadata.name === name,
      );
      pod!["status"] = status;
    },
  };
}

/** A real Kubernetes API server. Its audit log is read. */
export function realCluster(cluster: RealCluster): ScenarioCluster {
  return {
    context: "real",
    kubeconfigPath: cluster.admin.kubeconfigPath,
    secrets: [cluster.admin.token],
    api: (method, path, body) => cluster.api(method, path, body),
    addUser: async (rules) => (await cluster.addUser(rules)).kubeconfigPath,
    changesDuring: async (action) =>
      (await cluster.writesDuring(action))
        .filter(({ dryRun, userAgent }) => !dryRun && userAgent === program)
        .map(({ verb, uri }) => `${verb} ${uri}`),
    async reportPod(namespace, name, status) {
      const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`;
      const answer = await cluster.api("PATCH", path, { status });
      if (answer.status !== 200) throw new Error(`PATCH ${path}: ${JSON.stringify(answer.body)}`);
    },
  };
}
