import { refused } from "../domain/errors.ts";
import { inOneLine } from "../domain/in-one-line.ts";
import type { SecretObject } from "../domain/kubernetes-objects.ts";
import { entriesAnnotation, managedLabel } from "../domain/ownership.ts";
import type { SealKind } from "../domain/pull-secret.ts";
import { recordIn, type ManifestDocument } from "./documents.ts";

/** Which secret a document is for. */
export interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

/** What a document says about the secret that it makes. */
export interface SecretDocument {
  readonly document: ManifestDocument;
  /** The secret; `data` is empty if it is sealed. */
  readonly secret: SecretObject;
  /** What sealed the data; undefined if it can be read here. */
  readonly sealed: SealKind | undefined;
}

/** Stands for the uid, which no server has given yet. It distinguishes a document from an applied object. */
export const documentUid = "manifest";

/**
 * Reads the document that makes a secret: a Secret, plain or encrypted by SOPS, or a SealedSecret.
 * @returns undefined if the document makes another object
 * @throws ActionableError `manifest.marks-sealed` if its annotations are encrypted too
 */
export function secretDocument(document: ManifestDocument, wanted: SecretName): SecretDocument | undefined {
  const { value } = document;
  const kind = value?.["kind"];
  const named = recordIn(value, "metadata");
  // Unless SOPS is told what to encrypt, nobody can even tell which secret a document makes.
  if (String(named["name"]).startsWith("ENC[")) refuseSealedMarks(named, wanted);
  if (!value || named["name"] !== wanted.name || named["namespace"] !== wanted.namespace) return undefined;
  if (kind === "SealedSecret") {
    const template = recordIn(value, "spec", "template");
    return {
      document,
      secret: secretObject(wanted, recordIn(template, "metadata"), { type: template["type"] }),
      sealed: "SealedSecret",
    };
  }
  if (kind !== "Secret" || value["apiVersion"] !== "v1") return undefined;
  const { type, immutable, data, stringData } = value;
  if (value["sops"] === undefined) {
    const plain = { ...texts(data), ...encoded(stringData) };
    return {
      document,
      secret: secretObject(wanted, named, { type, immutable, data: plain }),
      sealed: undefined,
    };
  }
  refuseSealedMarks(named, wanted);
  return { document, secret: secretObject(wanted, named, { type, immutable }), sealed: "SOPS" };
}

/**
 * A document for a secret from which somebody took the namespace, with its namespace put back: kustomize, or whoever
 * applies it, may do that too.
 * @returns undefined if it is not one, or if acr-pull did not write it
 */
export function inNamespace(
  document: ManifestDocument,
  { namespace, name }: SecretName,
): ManifestDocument | undefined {
  const { value } = document;
  const named = recordIn(value, "metadata");
  if (named["name"] !== name || named["namespace"] !== undefined) return undefined;
  if (!JSON.stringify(value).includes(managedLabel)) return undefined;
  const metadata = { ...named, namespace };
  return { ...document, value: { ...value, metadata }, within: "a document without a namespace" };
}

function secretObject(
  { namespace, name }: SecretName,
  metadata: Readonly<Record<string, unknown>>,
  rest: { readonly type: unknown; readonly immutable?: unknown; readonly data?: Record<string, string> },
): SecretObject {
  return {
    namespace,
    name,
    uid: documentUid,
    resourceVersion: "",
    type: typeof rest.type === "string" ? rest.type : "Opaque",
    immutable: rest.immutable === true,
    labels: texts(metadata["labels"]),
    annotations: texts(metadata["annotations"]),
    data: rest.data ?? {},
    ownerReferences: [],
    managers: [],
    finalizers: [],
    deleting: false,
  };
}

function texts(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(recordIn(value)).flatMap(([key, one]) => (typeof one === "string" ? [[key, one]] : [])),
  );
}

function encoded(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts(value)).map(([key, text]) => [key, Buffer.from(text).toString("base64")]),
  );
}

/** The regular expression with which SOPS encrypts the data and leaves everything else readable. */
export const sopsRegex = "^(data|stringData)$";

/** Unless SOPS is told what to encrypt, it encrypts annotations too. Then nobody can see which key a document holds. */
function refuseSealedMarks(
  metadata: Readonly<Record<string, unknown>>,
  { namespace, name }: SecretName,
): void {
  const marks = texts(metadata["annotations"])[entriesAnnotation];
  if (marks?.startsWith("ENC[") !== true) return;
  throw refused(
    "manifest.marks-sealed",
    `SOPS has encrypted the annotations of ${inOneLine(`${namespace}/${name}`)} too, so acr-pull cannot tell which key the document holds.`,
    `Have SOPS encrypt only the data: --encrypted-regex '${sopsRegex}', or encrypted_regex in .sops.yaml. Encrypt the document that way, then run again.`,
    "https://getsops.io/docs/#encrypting-only-parts-of-a-file",
  );
}

/**
 * The document for a secret, with its fields in kubectl's order, and none that a server adds.
 * @param standing the document to replace; its fields that acr-pull does not write stay
 */
export function secretValue(
  { namespace, name, type, labels, annotations, data }: SecretObject,
  standing: ManifestDocument["value"],
): Record<string, unknown> {
  const { stringData: _encoded, ...kept } = standing ?? { apiVersion: "v1", kind: "Secret" };
  const metadata = recordIn(standing, "metadata");
  return {
    ...kept,
    metadata: { name, namespace, ...metadata, labels: sorted(labels), annotations: sorted(annotations) },
    type,
    data: sorted(data),
  };
}

function sorted(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
