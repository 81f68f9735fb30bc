import type { SecretObject, ServiceAccountObject } from "./kubernetes-objects.ts";
import { fieldManager, managedByLabel } from "./ownership.ts";

/*
 * Who else writes an object, as its labels, annotations and field managers tell.
 */

/** When more than ten managers have written an object, the API server records the oldest ones under this name. */
const forgottenManager = "ancient-changes";

/**
 * Who wrote a service account's list of pull secrets, by the API server's record. `unknown` if there is no record, as for
 * an account that was made without a list, or if the record no longer says.
 */
export function listWriter({
  listManagers,
}: Pick<ServiceAccountObject, "listManagers">): "acr-pull" | "others" | "unknown" {
  const known = listManagers.filter((manager) => manager !== forgottenManager);
  if (known.some((manager) => manager !== fieldManager)) return "others";
  return known.length > 0 && known.length === listManagers.length ? "acr-pull" : "unknown";
}

/**
 * The controller that keeps writing a secret and would undo our write. Undefined if none is known: see
 * hasForgottenWriters.
 */
export function reconcilerOf(secret: SecretObject): string | undefined {
  const [owner] = secret.ownerReferences;
  if (owner) return `${owner.kind} ${owner.name}`;
  const { labels, annotations } = secret;
  const keys = [...Object.keys(labels), ...Object.keys(annotations)];
  const markedBy = reconcilers.find(({ keyPrefixes }) =>
    keys.some((key) => keyPrefixes.some((prefix) => key.startsWith(prefix))),
  );
  if (markedBy) return markedBy.name;
  if (labels[managedByLabel] === "Helm") return "Helm";
  const byManager = reconcilers.find(({ managers }) =>
    secret.managers.some((manager) =>
      managers.some((name) => manager === name || manager.startsWith(`${name}-`)),
    ),
  );
  return byManager?.name;
}

/** Whether the API server no longer names everybody who wrote a secret: a reconciler may be among the forgotten. */
export function hasForgottenWriters({ managers }: Pick<SecretObject, "managers">): boolean {
  return managers.includes(forgottenManager);
}

/** What these controllers leave on the objects that they write, by their own documentation. */
const reconcilers = [
  {
    name: "Argo CD",
    keyPrefixes: ["argocd.argoproj.io/"],
    managers: ["argocd", "argocd-controller", "argocd-application-controller"],
  },
  {
    name: "Flux",
    keyPrefixes: ["kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/"],
    managers: ["kustomize-controller", "helm-controller"],
  },
  { name: "Helm", keyPrefixes: ["meta.helm.sh/"], managers: ["helm"] },
  {
    name: "External Secrets",
    keyPrefixes: ["reconcile.external-secrets.io/"],
    managers: ["external-secrets"],
  },
  { name: "msi-acrpull", keyPrefixes: ["acr.microsoft.com/"], managers: [] },
  { name: "Sealed Secrets", keyPrefixes: [], managers: ["sealed-secrets", "sealedsecrets"] },
  { name: "reflector", keyPrefixes: ["reflector.v1.k8s.emberstack.com/"], managers: ["reflector"] },
  {
    name: "kubernetes-replicator",
    keyPrefixes: ["replicator.v1.mittwald.de/replicated"],
    managers: ["replicator"],
  },
  { name: "Kyverno", keyPrefixes: ["generate.kyverno.io/"], managers: ["kyverno"] },
  { name: "registry-creds", keyPrefixes: ["ops.alexellis.io/"], managers: [] },
  {
    name: "imagepullsecret-patcher",
    keyPrefixes: ["k8s.titansoft.com/"],
    managers: ["imagepullsecret-patcher"],
  },
] as const;
