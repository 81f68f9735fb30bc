import { addObject } from "./add-object.ts";
import { kubernetesVersion } from "./kubernetes/discovery.ts";
import { timestampNow } from "./kubernetes/object-metadata.ts";
import { resourceDefinitions } from "./kubernetes/resources.ts";
import type { IdSource } from "./new-id.ts";
import type { ClusterRecord, ClusterUserRecord, SecretDenial } from "./world.ts";
import type { ClusterSettings } from "./world-options.ts";

/** A context of the kubeconfig: one user of one cluster. */
export interface ClusterContext {
  readonly name: string;
  readonly cluster: ClusterRecord;
  readonly user: ClusterUserRecord;
  /** Undefined if the context names none. */
  readonly namespace: string | undefined;
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
    objects: Object.fromEntries(resourceDefinitions.map(({ plural }) => [plural, []])),
    users: [owner, ...others.map(({ record }) => record)],
    clockAheadMs: settings.clockAheadMs,
    denials: [],
    resourceVersion: 1000,
  };

  for (const node of settings.nodes) addNode(cluster, node, ids);

  const namespaces = settings.namespaces.map((entry) =>
    typeof entry === "string" ? { name: entry } : entry,
  );
  for (const namespace of namespaces) {
    const uid = namespace.name === "kube-system" ? settings.kubeSystemUid : undefined;
    addNamespace(cluster, { ...namespace, uid }, ids);
  }
  for (const manifest of settings.objects) addObject(cluster, manifest, ids);
  // Added last, so that they do not keep out the objects above.
  for (const namespace of namespaces) close(cluster, namespace, ids);

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

/** Adds a node that is ready and of one platform: https://kubernetes.io/docs/reference/node/node-labels/ */
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
        nodeInfo: { architecture, operatingSystem, kubeletVersion: kubernetesVersion },
      },
    },
    ids,
  );
}

interface NewNamespace {
  readonly name: string;
  readonly uid?: string | undefined;
  readonly labels?: Record<string, string>;
  readonly terminating?: boolean;
  readonly secretQuota?: number | undefined;
  readonly webhookDenies?: boolean | NonNullable<SecretDenial["webhook"]>;
  readonly policyDenies?: SecretDenial["policy"];
}

function addNamespace(cluster: ClusterRecord, { name, uid, labels }: NewNamespace, ids: IdSource): void {
  const metadata = { name, ...(uid !== undefined && { uid }), ...(labels && { labels }) };
  addObject(cluster, { apiVersion: "v1", kind: "Namespace", metadata }, ids);
}

/** Makes a namespace refuse new objects, as its options say. */
function close(cluster: ClusterRecord, namespace: NewNamespace, ids: IdSource): void {
  const { name, secretQuota, webhookDenies: webhook, policyDenies: policy } = namespace;
  if (secretQuota !== undefined) addSecretQuota(cluster, name, secretQuota, ids);
  if (webhook) cluster.denials.push({ namespace: name, webhook: webhook === true ? {} : webhook });
  if (policy) cluster.denials.push({ namespace: name, policy });
  const object = cluster.objects["namespaces"]?.find(({ metadata }) => metadata.name === name);
  if (object && namespace.terminating) {
    object.metadata.deletionTimestamp = timestampNow();
    object["status"] = { phase: "Terminating" };
  }
}

/** Adds a quota without a status, because only the quota controller counts. */
function addSecretQuota(cluster: ClusterRecord, namespace: string, secrets: number, ids: IdSource): void {
  addObject(
    cluster,
    {
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "object-counts", namespace },
      spec: { hard: { secrets: String(secrets) } },
    },
    ids,
  );
}
