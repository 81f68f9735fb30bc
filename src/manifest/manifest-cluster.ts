import type { Cluster, ClusterRehearsal, KnownSecret, NewSecret, WritableCluster } from "../core/ports.ts";
import { ActionableError } from "../domain/errors.ts";
import type { SecretChange, SecretObject } from "../domain/kubernetes-objects.ts";
import { managedLabel } from "../domain/ownership.ts";
import { isPullSecretType } from "../domain/docker-config.ts";
import type { PullSecret } from "../domain/pull-secret.ts";
import { accountsOf, namespacesOf } from "./other-objects.ts";
import type { ManifestSecrets } from "./manifest-secrets.ts";
import type { ManifestStore } from "./manifest-store.ts";

/** A cluster as it is read, where writes go to a manifest. */
export type AppliedCluster = Omit<Cluster, "rehearsal">;

/** What a manifest stands for. */
export interface ManifestOf {
  /** As messages name it. */
  readonly name: string;
  /** The cluster that it is applied to. */
  readonly applied: AppliedCluster;
  readonly store: ManifestStore;
  readonly secrets: ManifestSecrets;
}

/**
 * A cluster whose secrets and service accounts are written to a manifest, and read from there: what the flows do to a
 * cluster they do to its documents. Lists show both, what is written and what was applied, for either may hold a key.
 */
export function manifestCluster({ name, applied, store, secrets }: ManifestOf): WritableCluster {
  const both = async (
    listing: Promise<readonly PullSecret[] | undefined>,
    isMeant: (secret: PullSecret) => boolean,
    signal: AbortSignal,
  ) => {
    const [listed, written] = await Promise.all([listing, secrets.all(signal)]);
    // Of two by one name the document is the one to be written.
    return listed && [...written.filter(isMeant), ...listed.map(asApplied)];
  };
  const isLabelled = ({ labels }: PullSecret) => labels[managedLabel] === "true";
  const isPullSecret = ({ type }: PullSecret) => isPullSecretType(type);
  const namespaces = namespacesOf(applied, store);
  const accounts = accountsOf(applied, store);
  const rehearsal: ClusterRehearsal = {
    rehearses: true,
    createNamespace: () => Promise.resolve(),
    createSecret: (secret, signal) => secrets.rehearse(secret, signal),
    patchSecret: (secret, _change, signal) => secrets.rehearseChange(secret, signal),
    deleteSecret: refuseRemoval,
    patchServiceAccount: (account, _list, signal) => accounts.rehearse(account, signal),
  };
  return {
    ...applied,
    manifest: { name, applied },
    ...namespaces,
    findSecret: (namespace, secret, signal) => secrets.find({ namespace, name: secret }, signal),
    listSecrets: (selector, signal) => both(applied.listSecrets(selector, signal), isLabelled, signal),
    listPullSecrets: (signal) => both(applied.listPullSecrets(signal), isPullSecret, signal),
    // Of many targets each is read by itself.
    listSecretsNamed: () => Promise.resolve(undefined),
    findServiceAccount: accounts.find,
    mayEverywhere: () => Promise.resolve(false),
    rehearsal,
    createSecret: (secret: NewSecret, signal) => secrets.create(secret, signal),
    patchSecret: (secret: KnownSecret, change: SecretChange, signal) =>
      secrets.change(secret, change, signal),
    deleteSecret: refuseRemoval,
    patchServiceAccount: accounts.write,
  };
}

/** What the cluster holds is written by whoever applies the manifest. */
function asApplied(secret: PullSecret): PullSecret {
  return { ...secret, troubles: [...secret.troubles, { kind: "applied" }] };
}

/** Documents are removed by whoever commits them. */
function refuseRemoval({ namespace, name }: Pick<SecretObject, "namespace" | "name">): Promise<never> {
  return Promise.reject(
    new ActionableError(`The document of the secret ${namespace}/${name} is not removed from the manifest.`, {
      code: "manifest.no-removal",
      hint: "Remove it by hand.",
    }),
  );
}
