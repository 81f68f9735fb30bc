import type { IdSource } from "./new-id.ts";
import type { ClusterRecord, ClusterUserRecord, KubernetesObject, SecretDenial } from "./world.ts";
import type { ClusterSettings, Manifest } from "./world-options.ts";

/** A context of the kubeconfig: one user of one cluster. */
export interface ClusterContext {
  readonly name: string;
  readonly cluster: ClusterRecord;
  readonly user: ClusterUserRecord;
  /** Absent: the context names none. */
  readonly namespace: string | undefined;
}

/** Where each kind of object is kept. */
const plurals = {
  Namespace: "namespaces",
  Secret: "secrets",
  ServiceAccount: "serviceaccounts",
  Pod: "pods",
  Event: "events",
  ConfigMap: "configmaps",
  Node: "nodes",
  ResourceQuota: "resourcequotas",
} satisfies Record<Manifest["kind"] | "ResourceQuota", string>;

interface KeptManifest extends Record<string, unknown> {
  readonly apiVersion: string;
  readonly kind: keyof typeof plurals;
  readonly metadata: Manifest["metadata"];
}

const everything = [{ verbs: ["*"], resources: ["*"] }];

/** A cluster as its options describe it, with the contexts that lead to it. */
export function newCluster(
  settings: ClusterSettings,
  ids: IdSource,
): { cluster: ClusterRecord; contexts: ClusterContext[] } {
  const newUser = (context: string, rules: ClusterUserRecord["rules"]): ClusterUserRecord => ({
    name: `${context}-user`,
    token: ids.secret(`token of ${context}`),
    rules,
  });
  const owner = newUser(settings.context, settings.rules ?? everything);
  const others = settings.users.map((user) => ({ ...user, record: newUser(user.context, user.rules) }));
  const cluster: ClusterRecord = {
    context: settings.context,
    server: "",
    objects: Object.fromEntries(Object.values(plurals).map((plural) => [plural, []])),
    users: [owner, ...others.map(({ record }) => record)],
    clockAheadMs: settings.clockAheadMs,
    denials: [],
    resourceVersion: 1000,
  };

  for (const node of settings.nodes) addNode(cluster, node, ids);

  for (const entry of settings.namespaces) {
    const namespace = typeof entry === "string" ? { name: entry } : entry;
    const uid = namespace.name === "kube-system" ? settings.kubeSystemUid : undefined;
    addNamespace(cluster, { ...namespace, uid }, ids);
  }
  for (const manifest of settings.objects) addObject(cluster, manifest, ids);

  return {
    cluster,
    contexts: [
      { name: settings.context, cluster, user: owner, namespace: settings.namespace },
      ...others.map(({ context, namespace, record }) => ({
        name: context,
        cluster,
        user: record,
        namespace,
      })),
    ],
  };
}

/** Ready, and of one platform: https://kubernetes.io/docs/reference/node/node-labels/ */
function addNode(cluster: ClusterRecord, node: ClusterSettings["nodes"][number], ids: IdSource): void {
  const { name, os: operatingSystem, architecture } = node;
  addObject(
    cluster,
    {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name,
        labels: {
          "kubernetes.io/arch": architecture,
          "kubernetes.io/hostname": name,
          "kubernetes.io/os": operatingSystem,
        },
      },
      spec: {},
      status: {
        conditions: [{ type: "Ready", status: "True", reason: "KubeletReady" }],
        nodeInfo: { architecture, operatingSystem, kubeletVersion: "v1.32.3" },
      },
    },
    ids,
  );
}

/** Kinds that belong to no namespace. */
const clusterWide: ReadonlySet<string> = new Set(["Namespace", "Node"]);

interface NewNamespace {
  readonly name: string;
  readonly uid?: string | undefined;
  readonly labels?: Record<string, string>;
  readonly terminating?: boolean;
  readonly secretQuota?: number | undefined;
  readonly webhookDenies?: boolean | NonNullable<SecretDenial["webhook"]>;
  readonly policyDenies?: SecretDenial["policy"];
}

/** Adds a namespace with the service account that every namespace gets. */
function addNamespace(cluster: ClusterRecord, namespace: NewNamespace, ids: IdSource): void {
  const { name, uid, labels, terminating = false } = namespace;
  const object = addObject(
    cluster,
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name,
        ...(uid === undefined ? {} : { uid }),
        labels: { ...labels, "kubernetes.io/metadata.name": name },
      },
      spec: { finalizers: ["kubernetes"] },
      status: { phase: terminating ? "Terminating" : "Active" },
    },
    ids,
  );
  if (terminating) object.metadata.deletionTimestamp = timestamp();
  if (namespace.secretQuota !== undefined) addSecretQuota(cluster, name, namespace.secretQuota, ids);
  const { webhookDenies: webhook, policyDenies: policy } = namespace;
  if (webhook) cluster.denials.push({ namespace: name, webhook: webhook === true ? {} : webhook });
  if (policy) cluster.denials.push({ namespace: name, policy });
  addObject(
    cluster,
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: name } },
    ids,
  );
}

/** Without a status: to count is the quota controller's. */
function addSecretQuota(cluster: ClusterRecord, namespace: string, secrets: number, ids: IdSource): void {
  addObject(
    cluster,
    {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "object-counts", namespace },
      spec: { hard: { secrets: String(secrets) } },
      status: {},
    },
    ids,
  );
}

/**
 * Puts an object into a cluster behind the API server's back, as a test does; what the API server would fill in is
 * filled in.
 */
export function addObject(cluster: ClusterRecord, manifest: KeptManifest, ids: IdSource): KubernetesObject {
  const { name, namespace = "default", ...metadata } = manifest.metadata;
  cluster.resourceVersion += 1;
  const object: KubernetesObject = {
    ...manifest,
    metadata: {
      name,
      ...(clusterWide.has(manifest.kind) ? {} : { namespace }),
      uid: ids.guid(`${cluster.context} ${manifest.kind} ${namespace}/${name}`),
      resourceVersion: String(cluster.resourceVersion),
      creationTimestamp: timestamp(),
      ...metadata,
    },
  };
  const list = (cluster.objects[plurals[manifest.kind]] ??= []);
  list.push(object);
  return object;
}

/** Now, as Kubernetes writes it: whole seconds. */
function timestamp(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}
