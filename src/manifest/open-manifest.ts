import type { ClusterTarget, Manifest, WritableClusterTarget } from "../core/ports.ts";
import { ActionableError } from "../domain/errors.ts";
import { exitCode } from "../domain/exit-code.ts";
import { whyFileFailed } from "../domain/named-file.ts";
import { unreachedCluster } from "./unreached-cluster.ts";
import { manifestCluster } from "./manifest-cluster.ts";
import { manifestFiles, printedManifest } from "./manifest-files.ts";
import { ManifestSecrets, type LiveCluster } from "./manifest-secrets.ts";
import { ManifestStore } from "./manifest-store.ts";
import type { SealCommand } from "./seal.ts";

/** The manifest that the user asks for. */
export interface ManifestWish {
  /** A file, a folder, or `-` for standard output. */
  readonly path: string;
  readonly seal: SealCommand | undefined;
  /** The id that the user gave the cluster. */
  readonly clusterId: string | undefined;
  /** Says what a person has to do before anything applies what was written. */
  readonly tell: (text: string) => void;
  /** Prints a manifest that goes to standard output. Rejects if it could not be written. */
  readonly print: (text: string) => Promise<void>;
}

/**
 * Opens a manifest in place of clusters.
 * @param clusters undefined if none can be reached from here
 * @throws ActionableError `manifest.unreadable`, exit 2
 */
export async function openManifest(
  { path, seal, clusterId, tell, print }: ManifestWish,
  clusters: readonly ClusterTarget[] | undefined,
): Promise<{ readonly clusters: readonly WritableClusterTarget[]; readonly manifest: Manifest }> {
  const printed = path === "-" ? printedManifest() : undefined;
  const store = new ManifestStore(printed ?? (await manifestFiles(path, tell)));
  const name = printed ? "the manifest" : path;
  let isPrinted = false;
  return {
    clusters: (clusters ?? [{ cluster: unreachedCluster(), defaultNamespace: "default" }]).map(
      ({ cluster: applied, defaultNamespace }) => {
        const live: LiveCluster = {
          findSecret: (...asked) => applied.findSecret(...asked),
          id: async (signal) => (await applied.kubeSystemUid(signal)) ?? clusterId,
        };
        const secrets = new ManifestSecrets(store, live, seal);
        return { defaultNamespace, cluster: manifestCluster({ name, applied, store, secrets }) };
      },
    ),
    manifest: {
      path,
      seals: seal !== undefined,
      async publish() {
        const text = printed?.text() ?? "";
        if (text === "" || isPrinted) return;
        isPrinted = true;
        await print(text).catch((error: unknown) => {
          throw unread(error);
        });
      },
    },
  };
}

/** The error if the documents are lost, because whoever should have read them is gone. */
function unread(error: unknown): ActionableError {
  return new ActionableError(
    `The documents could not be written to standard output (${whyFileFailed(error)}).`,
    {
      code: "manifest.unwritable",
      hint: "Run the same command again. If nobody holds the password of the key that was made, it says so, and how to remove that key.",
      exitCode: exitCode.incomplete,
    },
  );
}
