/*
 * A mark is only a claim: anybody who may write the secrets of one namespace can write any mark there. This file
 * decides what a mark may cause, by evidence outside the mark: the directory, the bytes of a secret, or a person.
 */

/** The evidence for a secret whose mark asks for the next key of an application. */
export interface SecretProof {
  /** The directory: the application has our unique name for this cluster and registry. */
  readonly ownApplication: boolean;
  /** Directory and bytes: its password begins like a key that has our name for this cluster in the directory. */
  readonly ownKey: boolean;
  /** The bytes: its password signs in. */
  readonly signsIn: boolean;
  /** A person named its namespace. */
  readonly secretNamed: boolean;
  /** A person agreed to a plan that shows it. */
  readonly secretShown: boolean;
  /** A person named the application, or a key of it, with a flag. */
  readonly applicationNamed: boolean;
}

/** Whether this cluster pulls as the application of a secret, so that a key of it may be made. */
export function isOurApplication({ ownApplication, ownKey, applicationNamed }: SecretProof): boolean {
  return ownApplication || ownKey || applicationNamed;
}

/**
 * Whether a key of the application may be made although no password in the secrets signs in. How a password begins is
 * not enough for that: any member of the tenant can look up how a key begins.
 */
export function mayBeRenewedUntried({
  ownApplication,
  applicationNamed,
}: Pick<SecretProof, "ownApplication" | "applicationNamed">): boolean {
  return ownApplication || applicationNamed;
}

/**
 * Whether a secret may be given the next key of its application. If acr-pull did not make the application, anybody
 * may have passed its password on.
 */
export function mayBeGivenKey(proof: SecretProof): boolean {
  return isOurApplication(proof) && (showsKey(proof) || proof.secretNamed);
}

/** The same for a secret with a leaked key: somebody who found the key has it just like somebody who was given it. */
export function mayBeGivenKeyAfterLeak(proof: SecretProof): boolean {
  return isOurApplication(proof) && (proof.secretNamed || (proof.secretShown && showsKey(proof)));
}

/** Whether a secret's bytes show that it was given a key, or that somebody found one. */
export function showsKey({ signsIn, ownKey }: SecretProof): boolean {
  return signsIn || ownKey;
}

/** The evidence for removing a key that an interrupted run left behind, according to a pending mark. */
export interface SweepProof {
  /** Every secret of the cluster is visible, so it is certain that none has the key. */
  readonly seesAll: boolean;
  /** This run made it, but the answer was lost, so nobody has its text. */
  readonly lostByThisRun: boolean;
  /** A run in progress names it in its own mark. */
  readonly ofRunAtWork: boolean;
}

/** Whether a key may be removed if a pending mark names the operation that made it and no visible secret has it. */
export function mayBeSwept({ seesAll, lostByThisRun, ofRunAtWork }: SweepProof): boolean {
  return lostByThisRun || (seesAll && !ofRunAtWork);
}

/** The evidence for removing a key that has this cluster's name in the directory but is no longer in any secret. */
export interface KeyProof {
  /** The bytes: a secret of this cluster names it in its entry or a pending mark, or has a password that begins so. */
  readonly namedHere: boolean;
  /** The directory: it has expired, so it pulls nothing wherever it is. */
  readonly hasEnded: boolean;
  /** A person named it with a flag. */
  readonly keyNamed: boolean;
}

/**
 * Whether a key may be removed that no secret of this cluster has: a copy of the cluster has the same id and may use
 * it.
 */
export function mayBeRemoved({ namedHere, hasEnded, keyNamed }: KeyProof): boolean {
  return namedHere || hasEnded || keyNamed;
}

/** The evidence for taking back a role that acr-pull granted to an application that marks name. */
export interface RoleProof {
  /** The directory: the application has our unique name for this cluster and registry. */
  readonly ownApplication: boolean;
  /** The directory: only keys that acr-pull made for this cluster sign in as it. */
  readonly ownCredentials: boolean;
  /** A person named the application with a flag. */
  readonly applicationNamed: boolean;
}

/** Whether a role may be taken back: others who sign in as the application may need it to pull. */
export function mayBeTakenBack({ ownApplication, ownCredentials, applicationNamed }: RoleProof): boolean {
  return ownApplication || ownCredentials || applicationNamed;
}
