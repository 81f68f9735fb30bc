import { dirname } from "node:path";
import {
  dockerConfigKey,
  dockerConfigType,
  emptyDockerConfig,
  formatDockerConfig,
} from "../domain/docker-config.ts";
import { ActionableError, refused } from "../domain/errors.ts";
import type { SecretChange, SecretObject } from "../domain/kubernetes-objects.ts";
import {
  entriesAnnotation,
  formatMarks,
  isEntryMark,
  managedByLabel,
  managedByValue,
  managedLabel,
  type EntryMark,
  type EntryMarks,
} from "../domain/ownership.ts";
import { inOneLine } from "../domain/in-one-line.ts";
import { credentialsIn, readPullSecret, type SealKind } from "../domain/pull-secret.ts";
import { shellQuote } from "../domain/shell-quote.ts";
import { isRecord } from "./documents.ts";
import { documentUid, type SecretDocument, type SecretName } from "./secret-document.ts";

/** The data of a secret without entries. */
export const emptyData: SecretObject["data"] = { [dockerConfigKey]: formatDockerConfig(emptyDockerConfig) };

/** A pull secret about which nothing is known yet. */
export function emptySecret({ namespace, name }: SecretName): SecretObject {
  return {
    namespace,
    name,
    uid: documentUid,
    resourceVersion: "",
    type: dockerConfigType,
    immutable: false,
    labels: {},
    annotations: {},
    data: {},
    ownerReferences: [],
    managers: [],
    finalizers: [],
    deleting: false,
  };
}

/** A secret that has only a pending mark: no document makes it yet. */
export function markedSecret(name: SecretName): SecretObject {
  const labels = { [managedLabel]: "true", [managedByLabel]: managedByValue };
  return { ...emptySecret(name), labels, data: emptyData };
}

/** A secret after a change, as the API server would make it. */
export function applyTo(secret: SecretObject, { labels, annotations, data }: SecretChange): SecretObject {
  return {
    ...secret,
    labels: changed(secret.labels, labels),
    annotations: changed(secret.annotations, annotations),
    data: { ...secret.data, ...data },
  };
}

function changed(
  values: Readonly<Record<string, string>>,
  change: Readonly<Record<string, string | null>> = {},
): Record<string, string> {
  const all: ReadonlyArray<readonly [string, string | null]> = Object.entries({ ...values, ...change });
  return Object.fromEntries(all.filter((one): one is [string, string] => one[1] !== null));
}

/** Separates the marks that stay from the entries with a pending mark, which are never committed. */
export function splitMarks(marks: EntryMarks): {
  readonly lasting: EntryMarks;
  readonly pending: EntryMarks;
} {
  const lasting: Record<string, EntryMark> = {};
  const pending: Record<string, EntryMark> = {};
  for (const [loginServer, mark] of Object.entries(marks)) {
    const { pending: atWork, ...rest } = mark;
    if (atWork) pending[loginServer] = mark;
    if (rest.appId !== undefined) lasting[loginServer] = rest;
  }
  return { lasting, pending };
}

/** The marks in a text; none if it cannot be read, because then acr-pull did not write it. */
export function notesIn(text: string): Readonly<Record<string, EntryMarks>> {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) && Object.values(value).every(areMarks)
      ? (value as Record<string, Record<string, EntryMark>>)
      : {};
  } catch {
    return {};
  }
}

function areMarks(value: unknown): value is EntryMarks {
  return isRecord(value) && Object.values(value).every(isEntryMark);
}

/** A secret with its pending marks put back. */
export function withMarks(secret: SecretObject, pending: EntryMarks): SecretObject {
  if (Object.keys(pending).length === 0) return secret;
  const { marks } = readPullSecret(secret);
  const marked = Object.entries(pending).map(([loginServer, mark]) => {
    const standing = marks[loginServer];
    return [loginServer, standing && mark.pending ? { ...standing, pending: mark.pending } : mark] as const;
  });
  const annotation = formatMarks({ ...marks, ...Object.fromEntries(marked) });
  return { ...secret, annotations: { ...secret.annotations, [entriesAnnotation]: annotation } };
}

/** Whether two objects have the same keys with the same values. */
export function isSameObject(
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}

/** The error if somebody else wrote first. */
export function conflict(code: string, { namespace, name }: SecretName): ActionableError {
  return new ActionableError(
    `The document of ${namespace}/${name} was changed by somebody else in the meantime.`,
    {
      code,
      hint: "Run the same command again.",
      retryable: true,
    },
  );
}

/** The error if a document that SOPS encrypts would share a file, which SOPS then could not decrypt. */
export function besideSops(): ActionableError {
  return refused(
    "manifest.sops-beside-others",
    "SOPS signs a file as a whole, so a document that it encrypts cannot share a file with others.",
    "Name a folder for --manifest: each namespace gets a file of its own.",
  );
}

/** The error if acr-pull keeps the secret in a file of another folder, so that there would be two documents. */
export function keptBelow({ namespace, name }: SecretName, file: string): ActionableError {
  return refused(
    "manifest.twice",
    `The secret ${namespace}/${name} of this cluster has a document in ${inOneLine(file)}. acr-pull writes no documents in folders inside the folder, but Flux applies those too, and would apply both.`,
    `Name that folder: --manifest ${shellQuote(inOneLine(dirname(file)))}. Or remove the document from there.`,
  );
}

/** The error if a sealed document's data is unknown here, but would be lost or would have to be sealed again. */
export function unknownData({ namespace, name }: SecretName, by: SealKind | undefined): ActionableError {
  return refused(
    "manifest.sealed",
    `The document of ${namespace}/${name} is sealed (${by ?? "sealed"}), and the cluster does not hold its content: it was not applied yet, or cannot be read.`,
    "Commit and sync the manifest, then run the same command again: acr-pull reads its content from the cluster.",
  );
}

/** Refuses to change a document with other registries' entries: they have to be kept, but their data is unknown. */
export function refuseUnknownBeside({ secret, sealed }: SecretDocument): void {
  if (Object.keys(readPullSecret(secret).marks).length > 1) throw unknownData(secret, sealed);
}

/**
 * Refuses to seal a readable document that also holds what others wrote: acr-pull makes a new document, as if there
 * were none, so that would be lost.
 * @throws ActionableError `manifest.drops-entries`, exit 2
 */
export function refuseOthersIn(made: SecretDocument | undefined): void {
  if (!made) return;
  const { secret } = made;
  const { namespace, name, data } = secret;
  const { config, marks } = readPullSecret(secret);
  const hosts = credentialsIn({ config }).map(({ host }) => host);
  const foreign = [
    ...hosts.filter((host) => marks[host] === undefined),
    ...Object.keys(data).filter((key) => key !== dockerConfigKey),
  ];
  if (foreign.length === 0) return;
  throw refused(
    "manifest.drops-entries",
    `The unsealed document of ${namespace}/${name} also holds what acr-pull did not write (${foreign.map(inOneLine).join(", ")}). Sealing would lose it.`,
    "Seal the document by hand first, or choose another name with --secret-name: a Pod can name several pull secrets.",
  );
}
