import type { SecretObject } from "./kubernetes-objects.ts";
import { managedByLabel } from "./ownership.ts";

/*
 * The controllers that keep writing a secret. They are recognised by what their own documentation names: labels,
 * annotations, owner references, and field managers if they leave nothing else. The values are foreign text.
 */

/** A controller that writes a secret, and would undo what anybody else writes there. */
export interface Reconciler {
  /** The controller's own name; for an owner that is not known, its kind and name. */
  readonly controller: string;
  /** The controller and, if known, the object that it writes the secret from: `Flux (Kustomization a/b)`. */
  readonly by: string;
  /** Whether it applies documents such as `--manifest` writes. */
  readonly appliesDocuments: boolean;
}

/** What to do about a secret that a controller writes. */
export const insteadOfReconciled =
  "Change it where that controller takes it from (--manifest writes documents for Argo CD, Flux and Sealed Secrets), or write another secret with --secret-name.";

/** How to recognise one controller. */
interface Controller {
  readonly name: string;
  /** What the labels and annotations that it sets begin with. */
  readonly marks: readonly string[];
  /** Its field managers. One of them may be the beginning of a longer name: `helm-controller`. */
  readonly managers: readonly string[];
  /** The kinds of its objects that own the secrets. */
  readonly owners?: readonly string[];
  /** The labels or annotations that name the object that it writes the secret from. */
  readonly sources?: ReadonlyArray<readonly [kind: string, name: string, namespace?: string]>;
  readonly appliesDocuments?: true;
}

const controllers: readonly Controller[] = [
  {
    name: "Argo CD",
    marks: ["argocd.argoproj.io/"],
    managers: ["argocd", "argocd-controller", "argocd-application-controller"],
    // application:group/kind:namespace/name, https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/
    sources: [
      ["Application", "argocd.argoproj.io/tracking-id"],
      ["Application", "argocd.argoproj.io/instance"],
    ],
    appliesDocuments: true,
  },
  {
    name: "Flux",
    marks: ["kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/"],
    managers: ["kustomize-controller", "helm-controller"],
    sources: [
      ["Kustomization", "kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace"],
      ["HelmRelease", "helm.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/namespace"],
    ],
    appliesDocuments: true,
  },
  {
    name: "Helm",
    marks: ["meta.helm.sh/"],
    managers: ["helm"],
    sources: [["release", "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"]],
  },
  {
    name: "External Secrets",
    marks: ["reconcile.external-secrets.io/"],
    managers: ["external-secrets"],
    owners: ["ExternalSecret", "ClusterExternalSecret"],
  },
  {
    name: "Sealed Secrets",
    marks: [],
    managers: ["sealed-secrets", "sealedsecrets"],
    owners: ["SealedSecret"],
    appliesDocuments: true,
  },
  {
    name: "msi-acrpull",
    marks: ["acr.microsoft.com/"],
    managers: ["msi-acrpull"],
    owners: ["AcrPullBinding"],
    sources: [["AcrPullBinding", "acr.microsoft.com/binding"]],
  },
  {
    name: "reflector",
    marks: ["reflector.v1.k8s.emberstack.com/"],
    managers: ["reflector"],
    sources: [["Secret", "reflector.v1.k8s.emberstack.com/reflects"]],
  },
  {
    name: "kubernetes-replicator",
    marks: ["replicator.v1.mittwald.de/replicated"],
    managers: ["replicator"],
    sources: [["Secret", "replicator.v1.mittwald.de/replicate-from"]],
  },
  {
    name: "Kyverno",
    marks: ["generate.kyverno.io/"],
    managers: ["kyverno"],
    sources: [["policy", "generate.kyverno.io/policy-name", "generate.kyverno.io/policy-namespace"]],
  },
  { name: "registry-creds", marks: ["ops.alexellis.io/"], managers: [] },
  {
    name: "imagepullsecret-patcher",
    marks: ["k8s.titansoft.com/"],
    managers: ["imagepullsecret-patcher"],
  },
];

/** The controller that keeps writing a secret; undefined if none is known: see hasForgottenWriters. */
export function reconcilerOf(secret: SecretObject): Reconciler | undefined {
  const [owner] = secret.ownerReferences;
  const known = controllerOf(secret);
  if (owner && !known?.owners?.includes(owner.kind)) {
    const by = `${owner.kind} ${owner.name}`;
    return { controller: by, by, appliesDocuments: false };
  }
  if (!known) return undefined;
  const source = owner ? `${owner.kind} ${secret.namespace}/${owner.name}` : sourceOf(known, secret);
  return {
    controller: known.name,
    by: source === undefined ? known.name : `${known.name} (${source})`,
    appliesDocuments: known.appliesDocuments === true,
  };
}

function controllerOf({ labels, annotations, managers, ownerReferences }: SecretObject) {
  const [owner] = ownerReferences;
  const keys = [...Object.keys(labels), ...Object.keys(annotations)];
  return (
    controllers.find(({ owners }) => owner && owners?.includes(owner.kind)) ??
    controllers.find(({ marks }) => keys.some((key) => marks.some((mark) => key.startsWith(mark)))) ??
    controllers.find(({ name }) => name === labels[managedByLabel]) ??
    controllers.find((one) =>
      managers.some((manager) =>
        one.managers.some((name) => manager === name || manager.startsWith(`${name}-`)),
      ),
    )
  );
}

function sourceOf({ sources = [] }: Controller, { labels, annotations }: SecretObject): string | undefined {
  const valueOf = (key = "") => annotations[key] ?? labels[key];
  for (const [kind, nameKey, namespaceKey] of sources) {
    const [name] = (valueOf(nameKey) ?? "").split(":");
    const namespace = valueOf(namespaceKey);
    if (name) return `${kind} ${namespace ? `${namespace}/${name}` : name}`;
  }
  return undefined;
}
