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
  managedByLabel,
  managedByValue,
  managedLabel,
  type EntryMark,
  type EntryMarks,
} from "../domain/ownership.ts";
import { inOneLine } from "../domain/in-one-line.ts";
import { credentialsIn, readPullSecret, type SealKind } from "../domain/pull-secret.ts";
import { documentUid, type SecretDocument, type SecretName } from "./secret-document.ts";

/** What a secret without entries holds. */
export const emptyData: SecretObject["data"] = { [dockerConfigKey]: formatDockerConfig(emptyDockerConfig) };

/** A pull secret that nothing is known of yet. */
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

/** One that nothing but the mark of a run at work stands for: no document makes it yet. */
export function markedSecret(name: SecretName): SecretObject {
  const labels = { [managedLabel]: "true", [managedByLabel]: managedByValue };
  return { ...emptySecret(name), labels, data: emptyData };
}

/** A secret with a change made to it, as the API server makes it. */
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

/** Marks that stay, and entries with the mark of a run at work: those are never committed. */
export function parted(marks: EntryMarks): { readonly lasting: EntryMarks; readonly pending: EntryMarks } {
  const lasting: Record<string, EntryMark> = {};
  const pending: Record<string, EntryMark> = {};
  for (const [loginServer, mark] of Object.entries(marks)) {
    const { pending: atWork, ...rest } = mark;
    if (atWork) pending[loginServer] = mark;
    if (rest.appId !== undefined) lasting[loginServer] = rest;
  }
  return { lasting, pending };
}

/** A secret with the marks of runs at work put back. */
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

/** Whether two have the same keys with the same values. */
export function isSameObject(
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}

/** Somebody else wrote first. */
export function conflict(code: string, { namespace, name }: SecretName): ActionableError {
  return new ActionableError(`The document of ${namespace}/${name} was changed by somebody else meanwhile.`, {
    code,
    hint: "Run the same command again.",
    retryable: true,
  });
}

/** What is in a sealed document would be lost, or have to be sealed anew, and nobody here knows it. */
export function unknownData({ namespace, name }: SecretName, by: SealKind | undefined): ActionableError {
  return refused(
    "manifest.sealed",
    `The document of ${namespace}/${name} is sealed (${by ?? "sealed"}), and the cluster does not hold what is in it: it was not applied yet, or cannot be read.`,
    "Commit and sync the manifest, then run the same command again: acr-pull reads what is in it from the cluster.",
  );
}

/** What a document holds for other registries is kept, which nobody can who does not know it. */
export function refuseUnknownBeside({ secret, sealed }: SecretDocument): void {
  if (Object.keys(readPullSecret(secret).marks).length > 1) throw unknownData(secret, sealed);
}

/**
 * A readable document that is to be sealed is made anew, as if it were missing: what others have in it would be lost.
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
    `The readable document of ${namespace}/${name} also holds what acr-pull did not write (${foreign.map(inOneLine).join(", ")}), and would lose it when it is sealed.`,
    "Seal the document by hand first, or choose another name with --secret-name: a Pod can name several pull secrets.",
  );
}
