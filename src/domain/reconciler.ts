import type { SecretObject } from "./kubernetes-objects.ts";
import { managedByLabel } from "./ownership.ts";
import { shellQuote } from "./shell-quote.ts";

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
  /** What to do instead, as a sentence with a command. */
  readonly instead: string;
  /** Whether it applies documents such as `--manifest` writes. */
  readonly appliesDocuments: boolean;
}

/** The object that a secret is written from. */
interface Source {
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** How to recognise one kind of controller, and what to do about it. */
interface Known {
  readonly name: string;
  readonly keyPrefixes: readonly string[];
  readonly managers: readonly string[];
  readonly ownerKinds?: readonly string[];
  readonly appliesDocuments?: true;
  readonly source?: (secret: SecretObject) => Source | undefined;
  readonly instead: (secret: SecretObject, source: Source | undefined) => string;
}

/** The controller that keeps writing a secret; undefined if none is known: see hasForgottenWriters. */
export function reconcilerOf(secret: SecretObject): Reconciler | undefined {
  const [owner] = secret.ownerReferences;
  const known = controllerOf(secret);
  if (owner && !known?.ownerKinds?.includes(owner.kind)) {
    const { kind, name } = owner;
    const by = `${kind} ${name}`;
    const instead = lookAt({ kind, namespace: secret.namespace, name });
    return { controller: by, by, instead, appliesDocuments: false };
  }
  if (!known) return undefined;
  const source = owner
    ? { kind: owner.kind, namespace: secret.namespace, name: owner.name }
    : known.source?.(secret);
  return {
    controller: known.name,
    by: source ? `${known.name} (${source.kind} ${placeOf(source)})` : known.name,
    instead: known.instead(secret, source),
    appliesDocuments: known.appliesDocuments === true,
  };
}

function controllerOf(secret: SecretObject): Known | undefined {
  const { labels, annotations, managers, ownerReferences } = secret;
  const [owner] = ownerReferences;
  const keys = [...Object.keys(labels), ...Object.keys(annotations)];
  return (
    controllers.find(({ ownerKinds }) => owner && ownerKinds?.includes(owner.kind)) ??
    controllers.find(({ keyPrefixes }) =>
      keys.some((key) => keyPrefixes.some((prefix) => key.startsWith(prefix))),
    ) ??
    (labels[managedByLabel] === "Helm" ? helm : undefined) ??
    controllers.find((one) =>
      managers.some((manager) =>
        one.managers.some((name) => manager === name || manager.startsWith(`${name}-`)),
      ),
    )
  );
}

function placeOf({ namespace, name }: Source): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** Advice to write the document that is applied to the cluster. */
function documents(how = ""): string {
  return `Have acr-pull setup write the document at its source: --manifest FILE${how}. acr-pull rotate --manifest renews it. Or write another secret with --secret-name.`;
}

function lookAt({ kind, namespace, name }: Source): string {
  const where = namespace === undefined ? "" : ` -n ${shellQuote(namespace)}`;
  return `See what writes it: kubectl get ${shellQuote(kind.toLowerCase())} ${shellQuote(name)}${where} -o yaml. Change it there, or write another secret with --secret-name.`;
}

/** Advice to write the secret that was copied, because the copies follow it. */
function writeSource(_secret: SecretObject, source: Source | undefined): string {
  if (source?.kind !== "Secret" || source.namespace === undefined) {
    return "Run acr-pull setup for the secret that it is copied from: the copies follow. Or write another secret with --secret-name.";
  }
  return `Write the secret that it is copied from, and the copies follow: acr-pull setup -n ${shellQuote(source.namespace)} --secret-name ${shellQuote(source.name)}. Or write another secret with --secret-name.`;
}

/** Reads `namespace/name`, as copiers name what they copy. */
function copiedFrom(text: string | undefined): Source | undefined {
  const [namespace, name, more] = (text ?? "").split("/");
  return namespace && name && more === undefined ? { kind: "Secret", namespace, name } : undefined;
}

function named(kind: string, name: string | undefined, namespace?: string): Source | undefined {
  return name ? { kind, name, ...(namespace && { namespace }) } : undefined;
}

const helm: Known = {
  name: "Helm",
  keyPrefixes: ["meta.helm.sh/"],
  managers: ["helm"],
  source: ({ annotations }) =>
    named("release", annotations["meta.helm.sh/release-name"], annotations["meta.helm.sh/release-namespace"]),
  instead: (_secret, source) =>
    source
      ? `Take it out of the chart's values: helm get values ${shellQuote(source.name)}${source.namespace === undefined ? "" : ` -n ${shellQuote(source.namespace)}`} shows them. Or write another secret with --secret-name, and name that in the values.`
      : "Take it out of the chart, or write another secret with --secret-name, and name that in the values.",
};

const flux = "kustomize.toolkit.fluxcd.io/";
const fluxHelm = "helm.toolkit.fluxcd.io/";

const controllers: readonly Known[] = [
  {
    name: "Argo CD",
    keyPrefixes: ["argocd.argoproj.io/"],
    managers: ["argocd", "argocd-controller", "argocd-application-controller"],
    appliesDocuments: true,
    // application:group/kind:namespace/name, https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/
    source({ annotations, labels }) {
      const [application, ...rest] = (annotations["argocd.argoproj.io/tracking-id"] ?? "").split(":");
      return named("Application", rest.length > 0 ? application : labels["argocd.argoproj.io/instance"]);
    },
    instead: () => documents(),
  },
  {
    name: "Flux",
    keyPrefixes: [flux, fluxHelm],
    managers: ["kustomize-controller", "helm-controller"],
    appliesDocuments: true,
    source: ({ labels }) =>
      named("Kustomization", labels[`${flux}name`], labels[`${flux}namespace`]) ??
      named("HelmRelease", labels[`${fluxHelm}name`], labels[`${fluxHelm}namespace`]),
    instead: () => documents(" with --seal-with 'sops …'"),
  },
  helm,
  {
    name: "External Secrets",
    keyPrefixes: ["reconcile.external-secrets.io/"],
    managers: ["external-secrets"],
    ownerKinds: ["ExternalSecret", "ClusterExternalSecret"],
    instead: ({ namespace }, source) => lookAt(source ?? { kind: "ExternalSecret", namespace, name: "NAME" }),
  },
  {
    name: "Sealed Secrets",
    keyPrefixes: [],
    managers: ["sealed-secrets", "sealedsecrets"],
    ownerKinds: ["SealedSecret"],
    appliesDocuments: true,
    instead: () => documents(" with --seal-with 'kubeseal --format yaml'"),
  },
  {
    name: "msi-acrpull",
    keyPrefixes: ["acr.microsoft.com/"],
    managers: ["msi-acrpull"],
    ownerKinds: ["AcrPullBinding"],
    source: ({ labels, namespace }) =>
      named("AcrPullBinding", labels["acr.microsoft.com/binding"], namespace),
    instead: ({ namespace }, source) =>
      `It renews the secret itself, and needs no password from acr-pull: kubectl get acrpullbinding ${source ? shellQuote(source.name) : ""} -n ${shellQuote(namespace)} -o yaml shows its state. Write another secret with --secret-name to use acr-pull instead.`,
  },
  {
    name: "reflector",
    keyPrefixes: ["reflector.v1.k8s.emberstack.com/"],
    managers: ["reflector"],
    source: ({ annotations }) => copiedFrom(annotations["reflector.v1.k8s.emberstack.com/reflects"]),
    instead: writeSource,
  },
  {
    name: "kubernetes-replicator",
    keyPrefixes: ["replicator.v1.mittwald.de/replicated"],
    managers: ["replicator"],
    source: ({ annotations }) => copiedFrom(annotations["replicator.v1.mittwald.de/replicate-from"]),
    instead: writeSource,
  },
  {
    name: "Kyverno",
    keyPrefixes: ["generate.kyverno.io/"],
    managers: ["kyverno"],
    source: ({ labels }) =>
      labels["generate.kyverno.io/policy-namespace"]
        ? named(
            "Policy",
            labels["generate.kyverno.io/policy-name"],
            labels["generate.kyverno.io/policy-namespace"],
          )
        : named("ClusterPolicy", labels["generate.kyverno.io/policy-name"]),
    instead(secret, source) {
      const { labels } = secret;
      const [namespace, name] = ["namespace", "name"].map(
        (part) => labels[`generate.kyverno.io/source-${part}`],
      );
      if (namespace && name) return writeSource(secret, { kind: "Secret", namespace, name });
      return source ? lookAt(source) : writeSource(secret, undefined);
    },
  },
  {
    name: "registry-creds",
    keyPrefixes: ["ops.alexellis.io/"],
    managers: [],
    instead: writeSource,
  },
  {
    name: "imagepullsecret-patcher",
    keyPrefixes: ["k8s.titansoft.com/"],
    managers: ["imagepullsecret-patcher"],
    instead: writeSource,
  },
];
