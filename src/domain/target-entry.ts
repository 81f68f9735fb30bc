import {
  credentialOf,
  dockerConfigKey,
  dockerConfigType,
  emptyDockerConfig,
  formatDockerConfig,
  secondCredentialOf,
  withCredential,
  withoutCredentialsOf,
  type DockerConfig,
  type PullCredential,
} from "./docker-config.ts";
import { refused, type ActionableError } from "./errors.ts";
import { inOneLine } from "./in-one-line.ts";
import { keysForImage } from "./kubelet-match.ts";
import type { SecretChange, SecretObject } from "./kubernetes-objects.ts";
import { managedByLabel, managedByValue, managedLabel } from "./ownership.ts";
import { troubleOf, type PullSecret, type SecretTrouble } from "./pull-secret.ts";
import { insteadOfReconciled } from "./reconciler.ts";

/** Tells people when the password ends, and of a sealed document which key it holds. Nothing else reads it. */
export const expiryAnnotation = "acr-pull/expires-at";

/**
 * What a target is to hold for a registry. A kubelet tries both entries, so a pull succeeds if the replica that it
 * meets knows either password.
 */
export interface TargetEntry {
  readonly plain: PullCredential;
  readonly overlap?: PullCredential | undefined;
  /** When the password ends, RFC 3339; undefined if unknown. */
  readonly expiresAt?: string | undefined;
}

/** What stands in a secret for a registry; whoever may write the secret may put anything there. */
export interface FoundEntry {
  readonly plain: PullCredential | undefined;
  readonly overlap: PullCredential | undefined;
}

/** What a secret holds for a registry. */
export function foundEntry(secret: PullSecret | undefined, loginServer: string): FoundEntry {
  const config = secret?.config;
  return {
    plain: config && credentialOf(config, loginServer),
    overlap: config && secondCredentialOf(config, loginServer),
  };
}

/** The change after which a secret holds an entry; undefined if it does. */
export function changeToHold(
  { config = emptyDockerConfig, labels, annotations }: PullSecret,
  loginServer: string,
  { plain, overlap, expiresAt }: TargetEntry,
): SecretChange | undefined {
  // A kubelet does not find an entry whose key differs in letter case, although other readers do.
  const isFound = keysForImage(Object.keys(config.auths), `${loginServer}/any`).length > 0;
  const isRight =
    isFound &&
    isSame(credentialOf(config, loginServer), plain) &&
    isSame(secondCredentialOf(config, loginServer), overlap);
  const expiry = expiresAt ?? null;
  if (isRight && labels[managedLabel] === "true" && (annotations[expiryAnnotation] ?? null) === expiry)
    return undefined;
  return {
    labels: { [managedLabel]: "true" },
    annotations: { [expiryAnnotation]: expiry },
    ...(!isRight && { data: dataOf(withCredential(config, loginServer, plain, overlap)) }),
  };
}

/** A new secret with an entry. */
export function newTarget(
  place: { readonly namespace: string; readonly secret: string },
  loginServer: string,
  { plain, overlap, expiresAt }: TargetEntry,
) {
  return {
    namespace: place.namespace,
    name: place.secret,
    type: dockerConfigType,
    labels: { [managedLabel]: "true", [managedByLabel]: managedByValue },
    annotations: { [expiryAnnotation]: expiresAt ?? null },
    data: dataOf(withCredential(emptyDockerConfig, loginServer, plain, overlap)),
  };
}

/**
 * How to take a user's entries for a registry out of a secret: `delete` if nothing is left in it, a change, or
 * undefined if there are none.
 */
export function changeToRelease(
  secret: PullSecret,
  loginServer: string,
  userName: string,
): SecretChange | "delete" | undefined {
  // Only a target is released, and a sealed one was written whole.
  if (troubleOf(secret, "sealed")) return "delete";
  const { config, data } = secret;
  const rest = config && withoutCredentialsOf(config, loginServer, userName);
  if (!rest || rest === config) return undefined;
  const isEmpty = Object.keys(rest.auths).length === 0;
  if (isEmpty && Object.keys(rest).length === 1 && Object.keys(data).length === 1) return "delete";
  return {
    ...(isEmpty && { labels: { [managedLabel]: null } }),
    annotations: { [expiryAnnotation]: null },
    data: dataOf(rest),
  };
}

/** What speaks for writing an entry into a secret. */
export type Consent =
  /** A person's word. */
  | "adopt"
  /** The state names it as a target. */
  | "target"
  | "none";

/**
 * Why an entry is not written into a secret; undefined if it may be.
 * @param isOurs whether an entry of this user is ours
 * @param name the secret's, as messages have it
 */
export function objectionTo(
  secret: PullSecret,
  loginServer: string,
  { isOurs, consent, name }: { isOurs: (userName: string) => boolean; consent: Consent; name: string },
): ActionableError | undefined {
  const trouble = secret.troubles.find(({ kind }) => kind !== "marks-malformed");
  // Nobody can add to what is sealed. Of a target, all of it is the installation's.
  if (trouble?.kind === "sealed" && consent === "target") return undefined;
  if (trouble) return refusalFor(secret, trouble, name);
  const holder = foundEntry(secret, loginServer).plain?.username;
  if (
    (holder !== undefined && isOurs(holder)) ||
    consent === "adopt" ||
    (consent === "target" && holder === undefined)
  )
    return undefined;
  return refused(
    "secret.not-ours",
    holder === undefined
      ? `Secret ${name} exists, and acr-pull did not write it.`
      : `Secret ${name} holds an entry of ${JSON.stringify(holder)} for ${loginServer}.`,
    holder === undefined
      ? "To add the entry and leave the rest alone: --adopt. Or choose another name with --secret-name."
      : "To take the entry over: --adopt. Or choose another name with --secret-name.",
  );
}

function refusalFor(secret: PullSecret, trouble: SecretTrouble, name: string): ActionableError {
  const another = "Choose another name with --secret-name.";
  switch (trouble.kind) {
    case "reconciled":
      return refused(
        "secret.reconciled",
        `Secret ${name} is written by ${inOneLine(trouble.by)}, which would undo any change made here.`,
        insteadOfReconciled,
      );
    case "wrong-type": {
      const type = inOneLine(secret.type);
      return unusable(`Secret ${name} has the type ${type}, and a type cannot be changed.`, another);
    }
    case "immutable":
      return unusable(
        `Secret ${name} is immutable.`,
        "Choose another name with --secret-name, or delete it and run again.",
      );
    case "malformed":
      return unusable(
        `Secret ${name} cannot be read: its ${dockerConfigKey} ${trouble.why}.`,
        "No pod that names it can pull. Fix or delete it, or choose another name with --secret-name.",
      );
    case "embedded":
      return unusable(
        `The manifest has the secret ${name} inside ${trouble.within}, which acr-pull does not edit.`,
        "Move it to a document of its own, and run again.",
      );
    case "sealed":
      return refused(
        "manifest.sealed",
        `The document of ${name} is sealed (${trouble.by}), so what it holds cannot be kept.`,
        `${another} Or delete it, if nobody needs what it holds.`,
      );
    case "applied":
    case "marks-malformed":
      return unusable(`Secret ${name} cannot be written here.`, another);
    default:
      return trouble satisfies never;
  }
}

function unusable(message: string, hint: string): ActionableError {
  return refused("secret.unusable", message, hint);
}

function dataOf(config: DockerConfig): NonNullable<SecretObject["data"]> {
  return { [dockerConfigKey]: formatDockerConfig(config) };
}

function isSame(one: PullCredential | undefined, other: PullCredential | undefined): boolean {
  if (!one || !other) return one === other;
  return one.username === other.username && one.password.equals(other.password);
}
