import {
  credentialOf,
  credentialsOf,
  dockerConfigType,
  legacyDockerConfigType,
  MalformedDockerConfigError,
  parsePullSecret,
  secondCredentialOf,
  type DockerConfig,
  type HostCredential,
  type PullCredential,
} from "./docker-config.ts";
import { refused, type ActionableError } from "./errors.ts";
import type { SecretObject } from "./kubernetes-objects.ts";
import { entriesAnnotation, isEntryMark, type EntryMark, type EntryMarks } from "./ownership.ts";
import { isTooDeep } from "./nesting.ts";
import { reconcilerOf, type Reconciler } from "./reconciler.ts";

/** What encrypts a document's password, with a key that acr-pull does not have. */
export type SealKind = "SealedSecret" | "SOPS";

/** Something that keeps acr-pull from writing a secret, or from knowing what it holds. */
export type SecretTrouble =
  /** A controller writes it, and would undo any change. */
  | ({ readonly kind: "reconciled" } & Reconciler)
  /** acr-pull writes secrets of only one type, and the type of a secret cannot be changed. */
  | { readonly kind: "wrong-type" }
  | { readonly kind: "immutable" }
  /** `why` says why the kubelet cannot read it, as the end of a sentence, without quoting the secret. */
  | { readonly kind: "malformed"; readonly why: string }
  /** Somebody changed its marks so that they cannot be read. */
  | { readonly kind: "marks-malformed" }
  /** It is a document of a manifest, and its password cannot be read. Only its marks say what it holds. */
  | { readonly kind: "sealed"; readonly by: SealKind }
  /** It is an object of a manifest without a document of its own. */
  | { readonly kind: "embedded"; readonly within: string }
  /** The cluster gets it from a manifest, now or later, so it is written only there. */
  | { readonly kind: "applied" };

/** A secret of a cluster, read once: what it holds, what its marks say, and what is wrong with it. */
export interface PullSecret extends SecretObject {
  /** What the kubelet would read in it if it had the right type; undefined if that cannot be read. */
  readonly config: DockerConfig | undefined;
  /** Our marks; none if they cannot be read. */
  readonly marks: EntryMarks;
  /** What is wrong with it, the worst first. */
  readonly troubles: readonly SecretTrouble[];
}

/** Reads a secret. Never throws: what is wrong with it is data. */
export function readPullSecret(secret: SecretObject): PullSecret {
  const { config, malformed } = readConfig(secret);
  const marks = readMarks(secret);
  const reconciler = reconcilerOf(secret);
  const troubles: SecretTrouble[] = [];
  if (reconciler !== undefined) troubles.push({ kind: "reconciled", ...reconciler });
  if (secret.type !== dockerConfigType) troubles.push({ kind: "wrong-type" });
  if (secret.immutable) troubles.push({ kind: "immutable" });
  if (malformed !== undefined) troubles.push({ kind: "malformed", why: malformed });
  if (!marks) troubles.push({ kind: "marks-malformed" });
  return { ...secret, config, marks: marks ?? {}, troubles };
}

/** Reads a sealed document. Nothing but its marks says what is in it. */
export function readSealedSecret(secret: SecretObject, by: SealKind): PullSecret {
  const read = readPullSecret(secret);
  const troubles = read.troubles.filter(({ kind }) => kind !== "malformed");
  return { ...read, config: undefined, troubles: [...troubles, { kind: "sealed", by }] };
}

function readConfig({ type, data }: SecretObject): {
  readonly config?: DockerConfig;
  readonly malformed?: string;
} {
  try {
    return { config: parsePullSecret(type, data) };
  } catch (error) {
    if (error instanceof MalformedDockerConfigError) return { malformed: error.message };
    throw error;
  }
}

/** Undefined if somebody changed them so that they cannot be read. */
function readMarks({ annotations }: SecretObject): EntryMarks | undefined {
  const text = annotations[entriesAnnotation];
  if (text === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.values(value).every(isEntryMark) && !isTooDeep(value) ? (value as EntryMarks) : undefined;
}

/** The trouble of one kind that a secret has; undefined if it has none of that kind. */
export function troubleOf<Kind extends SecretTrouble["kind"]>(
  { troubles }: Pick<PullSecret, "troubles">,
  kind: Kind,
): Extract<SecretTrouble, { kind: Kind }> | undefined {
  return troubles.find((one): one is Extract<SecretTrouble, { kind: Kind }> => one.kind === kind);
}

/** What a secret holds for one login server. */
export interface PullSecretEntry {
  /** Undefined if acr-pull did not write the entry. */
  readonly mark: EntryMark | undefined;
  readonly credential: PullCredential | undefined;
  /** The old credential, until it is removed. */
  readonly second: PullCredential | undefined;
}

/** What a secret holds for a login server. */
export function entryFor(
  { marks, config }: Pick<PullSecret, "marks" | "config">,
  loginServer: string,
): PullSecretEntry {
  return {
    mark: marks[loginServer],
    credential: config && credentialOf(config, loginServer),
    second: config && secondCredentialOf(config, loginServer),
  };
}

/** Every credential in a secret, whatever it is for; none if the secret cannot be read. */
export function credentialsIn({ config }: Pick<PullSecret, "config">): HostCredential[] {
  return config ? credentialsOf(config) : [];
}

/** Whether a credential signs in as an application. Entra accepts its id in any letter case. */
export function isOfApplication({ username }: Pick<PullCredential, "username">, appId: string): boolean {
  return username.toLowerCase() === appId.toLowerCase();
}

/** Whether a credential has the user name that its mark says, and a password. */
export function isAsMarked(
  { appId }: Pick<EntryMark, "appId">,
  credential: PullCredential | undefined,
): credential is PullCredential {
  return credential !== undefined && credential.username === appId && credential.password.reveal() !== "";
}

/** Whether a secret has the older type, which the kubelet reads and acr-pull does not write. */
export function isOlderType({ type }: Pick<SecretObject, "type">): boolean {
  return type === legacyDockerConfigType;
}

/**
 * A secret's marks, to be written back with a change.
 * @throws ActionableError `secret.marks-malformed`, because marks that cannot be read would be lost
 */
export function marksToChange(secret: PullSecret): EntryMarks {
  if (troubleOf(secret, "marks-malformed")) throw marksMalformed(secret);
  return secret.marks;
}

/** Why a secret is not written that a manifest makes inside something else. */
export function embedded(
  { namespace, name }: Pick<SecretObject, "namespace" | "name">,
  within: string,
): ActionableError {
  return refused(
    "manifest.embedded",
    `The manifest has the secret ${namespace}/${name} in ${within}, which acr-pull does not edit.`,
    "Move it to a YAML document of its own, with its namespace, or remove it from there, and run again.",
  );
}

/** Why a secret whose marks cannot be read is not written. */
export function marksMalformed({
  namespace,
  name,
}: Pick<SecretObject, "namespace" | "name">): ActionableError {
  return refused(
    "secret.marks-malformed",
    `Secret ${namespace}/${name} has an annotation ${entriesAnnotation} that cannot be read.`,
    `Restore the annotation, or delete it and run again with --adopt.`,
  );
}
