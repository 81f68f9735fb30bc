import type { ClusterTarget, Manifest, WritableClusterTarget } from "../core/ports.ts";
import { unreachedCluster } from "./unreached-cluster.ts";
import { manifestCluster } from "./manifest-cluster.ts";
import { manifestFiles } from "./manifest-files.ts";
import { ManifestSecrets, type LiveCluster } from "./manifest-secrets.ts";
import { ManifestStore } from "./manifest-store.ts";
import type { SealCommand } from "./seal.ts";

/** The manifest that the user asks for. */
export interface ManifestWish {
  /** A file or a folder. */
  readonly path: string;
  readonly seal: SealCommand | undefined;
  /** The id that the user gave the cluster. */
  readonly clusterId: string | undefined;
  /** Says what a person has to do before anything applies what was written. */
  readonly tell: (text: string) => void;
}

/**
 * Opens a manifest in place of clusters.
 * @param clusters undefined if none can be reached from here
 * @throws ActionableError `manifest.unreadable`, exit 2
 */
export async function openManifest(
  { path, seal, clusterId, tell }: ManifestWish,
  clusters: readonly ClusterTarget[] | undefined,
): Promise<{ readonly clusters: readonly WritableClusterTarget[]; readonly manifest: Manifest }> {
  const store = new ManifestStore(await manifestFiles(path, tell));
  return {
    clusters: (clusters ?? [{ cluster: unreachedCluster(), defaultNamespace: "default" }]).map(
      ({ cluster: applied, defaultNamespace }) => {
        const live: LiveCluster = {
          findSecret: (...asked) => applied.findSecret(...asked),
          id: async (signal) => (await applied.kubeSystemUid(signal)) ?? clusterId,
        };
        const secrets = new ManifestSecrets(store, live, seal);
        return { defaultNamespace, cluster: manifestCluster({ name: path, applied, store, secrets }) };
      },
    ),
    manifest: {
      path,
      seals: seal !== undefined,
    },
  };
}
