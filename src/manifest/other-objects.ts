import type { KnownAccount, WritableCluster } from "../core/ports.ts";
import { refused } from "../domain/errors.ts";
import { documentText, inPlaceOf, recordIn, type ManifestDocument } from "./documents.ts";
import type { AppliedCluster } from "./manifest-cluster.ts";
import type { ManifestStore } from "./manifest-store.ts";
import { conflict } from "./secret-changes.ts";

/** Namespaces: those of the cluster, and those that a document makes. */
export interface ManifestNamespaces {
  readonly find: WritableCluster["findNamespace"];
  readonly write: WritableCluster["createNamespace"];
  /** @throws ActionableError `manifest.sops-beside-others`, exit 2 */
  readonly rehearse: (name: string) => Promise<void>;
}

/**
 * Keeps Flux and Argo CD from deleting the object when its document goes. An account is somebody else's, and a namespace
 * holds what others put there. Sources: "prune" in https://fluxcd.io/flux/components/kustomize/kustomizations/, and
 * https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/
 */
const keptAnnotations = {
  "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
  "kustomize.toolkit.fluxcd.io/prune": "disabled",
};

/** The namespaces of the cluster, and those that a document makes. */
export function namespacesOf(applied: AppliedCluster, store: ManifestStore): ManifestNamespaces {
  const documented = (name: string) => store.findObject("Namespace", name, undefined);
  const placeOf = (name: string) => ({ namespace: name, name: "namespace" });
  return {
    async find(name, signal) {
      const found = await applied.findNamespace(name, signal);
      if (found) return found;
      return (await store.alone(() => documented(name))) && { name, uid: "", terminating: false };
    },
    rehearse: (name) => store.alone(() => store.foresee(placeOf(name), undefined, false)),
    async write(name) {
      await store.alone(() =>
        store.write(async () => {
          if (await documented(name)) return undefined;
          const metadata = { name, annotations: keptAnnotations };
          const text = documentText({ apiVersion: "v1", kind: "Namespace", metadata });
          return { ...placeOf(name), standing: undefined, text, isPlain: false };
        }),
      );
    },
  };
}

/** Service accounts. Only a document links a secret to one, whatever the account in the cluster lists. */
export interface ManifestAccounts {
  readonly find: WritableCluster["findServiceAccount"];
  readonly write: WritableCluster["patchServiceAccount"];
  /** @throws ActionableError `manifest.account-not-ours`, `manifest.sops-beside-others`, exit 2 */
  readonly rehearse: (account: KnownAccount, signal: AbortSignal) => Promise<void>;
}

/**
 * The API server replaces the list of an account as a whole. So the document names every secret that the account lists,
 * and otherwise only annotations: if it is applied server-side, it owns nothing else.
 */
export function accountsOf(applied: AppliedCluster, store: ManifestStore): ManifestAccounts {
  const documented = (namespace: string, name: string) => store.findObject("ServiceAccount", name, namespace);
  return {
    async find(namespace, name, signal) {
      const live = await applied.findServiceAccount(namespace, name, signal);
      const document = await store.alone(() => documented(namespace, name));
      if (!live && !document) return undefined;
      return {
        namespace,
        name,
        resourceVersion: versionOf(document),
        listManagers: live?.listManagers ?? [],
        imagePullSecrets: document ? listIn(document) : [],
      };
    },
    async rehearse({ namespace, name }) {
      await store.alone(async () => {
        const document = await documented(namespace, name);
        if (document) refuseForeign(document, namespace, name);
        await store.foresee({ namespace, name: `${name}-account` }, document, false);
      });
    },
    async write({ namespace, name, resourceVersion }, imagePullSecrets, signal) {
      const live = await applied.findServiceAccount(namespace, name, signal);
      const next = async () => {
        const standing = await documented(namespace, name);
        if (versionOf(standing) !== resourceVersion)
          throw conflict("kubernetes.conflict", { namespace, name });
        if (standing) refuseForeign(standing, namespace, name);
        const list = new Set([...(standing ? [] : (live?.imagePullSecrets ?? [])), ...imagePullSecrets]);
        const text = documentText({
          apiVersion: "v1",
          kind: "ServiceAccount",
          metadata: { name, namespace, annotations: { ...keptAnnotations, ...annotationsOf(standing) } },
          imagePullSecrets: [...list].map((secret) => ({ name: secret })),
        });
        const placed = standing ? inPlaceOf(standing.text, text) : text;
        return { namespace, name: `${name}-account`, standing, text: placed, isPlain: false };
      };
      await store.alone(() => store.write(next));
    },
  };
}

/** Changes whenever the document does. */
function versionOf(document: ManifestDocument | undefined): string {
  return document?.text ?? "";
}

/** What a person wrote there stays, such as another option for Argo CD. */
function annotationsOf(document: ManifestDocument | undefined): Readonly<Record<string, unknown>> {
  return recordIn(document?.value, "metadata", "annotations");
}

function listIn({ value }: ManifestDocument): string[] {
  const list = value?.["imagePullSecrets"];
  if (!Array.isArray(list)) return [];
  return list.flatMap((one: unknown) => {
    const { name } = recordIn(one);
    return typeof name === "string" ? [name] : [];
  });
}

/** A document with any other field, or one inside a list or a JSON file, is somebody else's and keeps every byte. */
function refuseForeign(document: ManifestDocument, namespace: string, name: string): void {
  const { value, within } = document;
  const ours = new Set(["apiVersion", "kind", "metadata", "imagePullSecrets"]);
  const metadata = Object.keys(recordIn(value, "metadata"));
  const isOurs =
    within === undefined &&
    Object.keys(value ?? {}).every((key) => ours.has(key)) &&
    metadata.every((key) => ["name", "namespace", "annotations"].includes(key)) &&
    Object.keys(annotationsOf(document)).every((key) => key in keptAnnotations);
  if (isOurs) return;
  throw refused(
    "manifest.account-not-ours",
    `The manifest has a document of its own for the service account ${namespace}/${name}, which acr-pull leaves as it is.`,
    "Add the secret to its imagePullSecrets by hand, and run again.",
  );
}
