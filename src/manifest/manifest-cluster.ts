import type { Cluster, ClusterRehearsal, KnownSecret, NewSecret, WritableCluster } from "../core/ports.ts";
import { ActionableError } from "../domain/errors.ts";
import type { SecretChange, SecretObject } from "../domain/kubernetes-objects.ts";
import { managedLabel } from "../domain/ownership.ts";
import { isPullSecretType } from "../domain/docker-config.ts";
import type { PullSecret } from "../domain/pull-secret.ts";
import { accountsOf, namespacesOf } from "./other-objects.ts";
import type { ManifestSecrets } from "./manifest-secrets.ts";
import type { ManifestStore } from "./manifest-store.ts";

/** A cluster that is only read: writes go to a manifest. */
export type AppliedCluster = Omit<Cluster, "rehearsal">;

/** A manifest, and the cluster that it is applied to. */
export interface ManifestOf {
  /** As messages name the manifest. */
  readonly name: string;
  readonly applied: AppliedCluster;
  readonly store: ManifestStore;
  readonly secrets: ManifestSecrets;
}

/**
 * A cluster whose secrets and service accounts are read from and written to a manifest, so the flows work on documents
 * as they would on a cluster. Lists show both what is written and what was applied, because either may hold a key.
 */
export function manifestCluster({ name, applied, store, secrets }: ManifestOf): WritableCluster {
  const both = async (
    listing: Promise<readonly PullSecret[] | undefined>,
    isMeant: (secret: PullSecret) => boolean,
    signal: AbortSignal,
  ) => {
    const listed = await listing;
    if (!listed) return undefined;
    // If both have a secret of that name, the document comes first: that is the one to write.
    return [...(await secrets.all(signal)).filter(isMeant), ...listed.map(asApplied)];
  };
  const isLabelled = ({ labels }: PullSecret) => labels[managedLabel] === "true";
  const isPullSecret = ({ type }: PullSecret) => isPullSecretType(type);
  const namespaces = namespacesOf(applied, store);
  const accounts = accountsOf(applied, store);
  const rehearsal: ClusterRehearsal = {
    rehearses: true,
    createNamespace: namespaces.rehearse,
    createSecret: (secret, signal) => secrets.rehearse(secret, signal),
    patchSecret: (secret, _change, signal) => secrets.rehearseChange(secret, signal),
    deleteSecret: refuseRemoval,
    patchServiceAccount: (account, _list, signal) => accounts.rehearse(account, signal),
  };
  return {
    ...applied,
    manifest: { name, applied },
    findNamespace: namespaces.find,
    createNamespace: namespaces.write,
    findSecret: (namespace, secret, signal) => secrets.find({ namespace, name: secret }, signal),
    listSecrets: (selector, signal) => both(applied.listSecrets(selector, signal), isLabelled, signal),
    listPullSecrets: (signal) => both(applied.listPullSecrets(signal), isPullSecret, signal),
    // Undefined, so that each of many targets is read separately.
    listSecretsNamed: () => Promise.resolve(undefined),
    findServiceAccount: accounts.find,
    mayEverywhere: () => Promise.resolve(false),
    mayNotWriteSecrets: () => Promise.resolve(false),
    rehearsal,
    createSecret: (secret: NewSecret, signal) => secrets.create(secret, signal),
    patchSecret: (secret: KnownSecret, change: SecretChange, signal) =>
      secrets.change(secret, change, signal),
    deleteSecret: refuseRemoval,
    patchServiceAccount: accounts.write,
  };
}

/**
 * Adds why acr-pull does not write a secret in the cluster: whatever applies the manifest does. That it applies this one
 * too, from elsewhere, is then no other trouble.
 */
function asApplied(secret: PullSecret): PullSecret {
  const others = secret.troubles.filter((one) => one.kind !== "reconciled" || !one.appliesDocuments);
  return { ...secret, troubles: [...others, { kind: "applied" }] };
}

/** acr-pull removes no documents: that is up to the person who commits them. */
function refuseRemoval({ namespace, name }: Pick<SecretObject, "namespace" | "name">): Promise<never> {
  return Promise.reject(
    new ActionableError(`The document of the secret ${namespace}/${name} is not removed from the manifest.`, {
      code: "manifest.no-removal",
      hint: "Remove it by hand.",
    }),
  );
}
