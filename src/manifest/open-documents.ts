import type { WritableCluster } from "../core/ports.ts";
import type { Documents } from "../engine/ports.ts";
import { DocumentSecrets } from "./document-secrets.ts";
import type { AppliedCluster } from "./manifest-cluster.ts";
import { manifestFiles } from "./manifest-files.ts";
import { ManifestStore } from "./manifest-store.ts";
import { accountsOf, namespacesOf } from "./other-objects.ts";
import type { SealCommand } from "./seal.ts";
import { statesBeside } from "./state-files.ts";
import { unreachedCluster } from "./unreached-cluster.ts";

/** The documents that the user asks for. */
export interface DocumentsWish {
  /** A file or a folder. */
  readonly path: string;
  readonly seal: SealCommand | undefined;
  /** Says what a person has to do before anything applies what was written. */
  readonly tell: (text: string) => void;
}

/**
 * Opens documents, with the states beside them, in place of a cluster. No secret is read in the cluster itself: what it
 * holds says nothing of what was committed.
 * @param applied the cluster that they are applied to; undefined if it cannot be reached from here
 * @throws ActionableError `manifest.unreadable`, `manifest.unwritable`, exit 2
 */
export async function openDocuments(
  { path, seal, tell }: DocumentsWish,
  applied: AppliedCluster = unreachedCluster(),
): Promise<{ readonly cluster: WritableCluster; readonly documents: Documents }> {
  const files = await manifestFiles(path, tell);
  const store = new ManifestStore({ ...files, journal: undefined, whileLocked: (work) => work() });
  const secrets = new DocumentSecrets(store, seal);
  const namespaces = namespacesOf(applied, store);
  const accounts = accountsOf(applied, store);
  const nothing = () => Promise.resolve();
  const cluster: WritableCluster = {
    ...applied,
    manifest: { name: path, applied },
    findNamespace: namespaces.find,
    createNamespace: namespaces.write,
    findSecret: (namespace, name) => secrets.find({ namespace, name }),
    listSecrets: () => secrets.all(),
    listPullSecrets: () => secrets.all(),
    // Undefined, so that each of many targets is read separately.
    listSecretsNamed: () => Promise.resolve(undefined),
    findServiceAccount: accounts.find,
    mayEverywhere: () => Promise.resolve(false),
    mayNotWriteSecrets: () => Promise.resolve(false),
    createSecret: (secret, signal) => secrets.create(secret, signal),
    patchSecret: (secret, change, signal) => secrets.change(secret, change, signal),
    deleteSecret: (secret) => secrets.delete(secret),
    patchServiceAccount: accounts.write,
    rehearsal: {
      rehearses: true,
      createNamespace: namespaces.rehearse,
      createSecret: (secret, signal) => secrets.rehearse(secret, signal),
      patchSecret: nothing,
      deleteSecret: nothing,
      patchServiceAccount: (account, _list, signal) => accounts.rehearse(account, signal),
    },
  };
  return { cluster, documents: await statesBeside(path) };
}
