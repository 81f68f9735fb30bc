import type { Sandbox } from "../../src/sandbox/sandbox.ts";
import type { SandboxRequest } from "../../src/sandbox/service.ts";
import type { KubernetesObject } from "../../src/sandbox/world.ts";
import type { ApiAnswer, RealCluster } from "./real-cluster.ts";
import { openRelay } from "./relay.ts";

/**
 * A sandbox whose cluster is a real one. Programs reach the real API server. After each of their writes, its content
 * is copied to the sandbox's world, where all of the sandbox's checks see it.
 */
export interface RelayedSandbox extends Sandbox {
  /** Copies the world's secrets and service accounts to the real cluster, even the managers of their fields. */
  moveIn(): Promise<void>;
  /** Waits until no request is on its way, and reads the cluster's content again. */
  settled(): Promise<void>;
}

const kinds = { secrets: "Secret", serviceaccounts: "ServiceAccount" } as const;
type Resource = keyof typeof kinds;

const pathOf = (namespace: string, resource: Resource, name = ""): string =>
  `/api/v1/namespaces/${namespace}/${resource}${name && `/${name}`}`;

/** The namespace and resource that a request is about. */
const target = /^\/api\/v1\/namespaces\/(?<namespace>[^/]+)\/(?<resource>secrets|serviceaccounts)(?:\/|$)/;

/**
 * Puts a real cluster in place of a sandbox's first one. It creates and uses the named namespaces of the real
 * cluster. No other sandbox may use them at the same time, and their content is lost.
 */
export async function relay(
  sandbox: Sandbox,
  cluster: RealCluster,
  namespaces: readonly string[],
): Promise<RelayedSandbox> {
  const world = sandbox.world.clusters[0]?.objects ?? {};
  let lastRead: Promise<unknown> = Promise.resolve();
  // One after the other, so that an older read never replaces a newer one.
  const read = (resource: Resource, namespace: string): Promise<void> => {
    const reading = lastRead.then(() => readNow(resource, namespace));
    lastRead = reading.catch(() => undefined);
    return reading;
  };
  const readNow = async (resource: Resource, namespace: string): Promise<void> => {
    const { items } = await demand(cluster.api("GET", pathOf(namespace, resource)));
    const [apiVersion, kind] = ["v1", kinds[resource]];
    const found = (items as KubernetesObject[]).map((item) => ({ ...item, apiVersion, kind }));
    const others = (world[resource] ?? []).filter(({ metadata }) => metadata.namespace !== namespace);
    world[resource] = [...others, ...found];
  };
  const readAll = async (): Promise<void> => {
    for (const namespace of namespaces) {
      await read("secrets", namespace);
      await read("serviceaccounts", namespace);
    }
  };
  const answered = async ({ method, path }: SandboxRequest): Promise<void> => {
    const { namespace = "", resource } = target.exec(path)?.groups ?? {};
    if (method === "GET" || !namespaces.includes(namespace)) return;
    await read(resource as Resource, namespace);
    sandbox.world.committed(`${method} ${path}`);
  };

  const way = await openRelay(sandbox, cluster, answered);
  const ownNamespaces = await Promise.all(
    [...namespaces, "kube-system"].map((name) => ensureNamespace(cluster, name)),
  );
  world["namespaces"] = ownNamespaces;
  world["secrets"] = [];
  world["serviceaccounts"] = (world["serviceaccounts"] ?? []).filter(({ metadata }) =>
    namespaces.includes(metadata.namespace ?? ""),
  );
  const moveIn = async (): Promise<void> => {
    await Promise.all(
      namespaces.map((namespace) => demand(cluster.api("DELETE", pathOf(namespace, "secrets")))),
    );
    await Promise.all((world["secrets"] ?? []).map((secret) => put(cluster, "secrets", secret)));
    await Promise.all(
      (world["serviceaccounts"] ?? []).map((account) => put(cluster, "serviceaccounts", account)),
    );
    await readAll();
  };
  await moveIn();
  return {
    ...sandbox,
    environment: { ...sandbox.environment, KUBECONFIG: way.kubeconfigPath },
    kubeconfigPath: way.kubeconfigPath,
    moveIn,
    async settled() {
      await way.settled();
      await readAll();
    },
    async close() {
      await way.close();
      await sandbox.close();
    },
  };
}

/** Creates a namespace, and waits for the service account that a controller gives it. */
async function ensureNamespace(cluster: RealCluster, name: string): Promise<KubernetesObject> {
  await cluster.api("POST", "/api/v1/namespaces", { metadata: { name } });
  for (;;) {
    const { status } = await cluster.api("GET", pathOf(name, "serviceaccounts", "default"));
    if (status === 200) return demand(cluster.api("GET", `/api/v1/namespaces/${name}`));
  }
}

/** Makes an object what it was elsewhere. The managers of its fields come last, because each write adds to them. */
async function put(cluster: RealCluster, resource: Resource, object: KubernetesObject): Promise<void> {
  const { uid: _uid, resourceVersion: _version, managedFields, ...metadata } = object.metadata;
  const { namespace = "", name } = metadata;
  const path = pathOf(namespace, resource, name);
  const standing = await cluster.api("GET", path);
  const { resourceVersion } =
    standing.status === 200 ? standing.body.metadata : { resourceVersion: undefined };
  const written = await demand(
    resourceVersion === undefined
      ? cluster.api("POST", pathOf(namespace, resource), { ...object, metadata })
      : cluster.api("PUT", path, { ...object, metadata: { ...metadata, resourceVersion } }),
  );
  written.metadata.managedFields = managedFields ?? [{}];
  await demand(cluster.api("PUT", path, written));
}

// oxlint-disable-next-line typescript/no-explicit-any
async function demand(asking: Promise<ApiAnswer>): Promise<any> {
  const { status, body } = await asking;
  if (status < 200 || status > 299) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
}
