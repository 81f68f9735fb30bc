import type { ClusterView } from "../../../src/core/cluster/view.ts";
import type { Cluster } from "../../../src/core/ports.ts";
import type { SecretObject } from "../../../src/domain/kubernetes-objects.ts";
import type { EntryMark } from "../../../src/domain/ownership.ts";
import { readPullSecret, type PullSecret } from "../../../src/domain/pull-secret.ts";

export const loginServer = "myregistry.azurecr.io";
export const registryId =
  "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/myregistry";
export const clusterId = "11111111-1111-4111-8111-111111111111";
export const appId = "22222222-2222-4222-8222-222222222222";

/** The text of a key's password. */
export function textOf(keyId: string): string {
  return `${keyId}-text`;
}

/** What a test's secret is made of. Whatever is left out is as acr-pull writes it. */
export interface SecretSpec {
  readonly namespace: string;
  readonly name?: string;
  /** The key in it; absent for an empty secret. */
  readonly holds?: string;
  /** The old key, under a host key of its own. */
  readonly beside?: string;
  /** More entries of `auths`. */
  readonly auths?: Readonly<Record<string, unknown>>;
  /** Changes to the mark of the registry's entry, which otherwise follows from the key. Null for no mark. */
  readonly mark?: Partial<EntryMark> | null;
  readonly more?: Partial<SecretObject>;
}

/** A pull secret as the API server returns it. */
export function pullSecret(one: SecretSpec): PullSecret {
  const { namespace, name = "acr-secret", holds, beside, auths, mark = {}, more } = one;
  const entry = (keyId: string) => ({ username: appId, password: textOf(keyId) });
  const config = {
    auths: {
      ...(holds === undefined ? {} : { [loginServer]: entry(holds) }),
      ...(beside === undefined ? {} : { [`https://${loginServer}`]: entry(beside) }),
      ...auths,
    },
  };
  const marks = {
    [loginServer]: {
      registry: registryId,
      clusterId,
      ...(holds === undefined ? {} : { appId, keyId: holds, expiresAt: null, role: "acrpull" }),
      ...mark,
    },
  };
  return readPullSecret({
    namespace,
    name,
    uid: `uid of ${namespace}/${name}`,
    resourceVersion: "1",
    type: "kubernetes.io/dockerconfigjson",
    immutable: false,
    labels: mark === null ? {} : { "acr-pull/managed": "true" },
    annotations: mark === null ? {} : { "acr-pull/entries": JSON.stringify(marks) },
    data: { ".dockerconfigjson": Buffer.from(JSON.stringify(config)).toString("base64") },
    ownerReferences: [],
    managers: ["acr-pull"],
    finalizers: [],
    deleting: false,
    ...more,
  });
}

/** A cluster with these pull secrets. */
export function seenCluster(secrets: readonly SecretSpec[], more: Partial<ClusterView> = {}): ClusterView {
  return {
    clusterId,
    contexts: ["blue"],
    cluster: { context: "blue" } as Cluster,
    identified: true,
    whole: true,
    secrets: secrets.map(pullSecret),
    namespaces: undefined,
    oneByOne: [],
    missed: [],
    ...more,
  };
}
