/*
 * A mark is a claim: whoever may write the secrets of one namespace can write any mark there. What it may cause is
 * decided here, by what proves it outside of the mark: the directory, the bytes of a secret, or a person.
 */

/** What speaks for a secret that asks, by its mark, for the next key of an application. */
export interface SecretProof {
  /** The directory: the application bears our unique name for this cluster and registry. */
  readonly ownApplication: boolean;
  /** Directory and bytes: its password begins as a key that the directory lists by our name for this cluster. */
  readonly ownKey: boolean;
  /** The bytes: its password signs in. */
  readonly signsIn: boolean;
  /** A person: its namespace was named. */
  readonly secretNamed: boolean;
  /** A person: it stands in the plan that was agreed to. */
  readonly secretShown: boolean;
  /** A person: a flag names the application, or a key of it. */
  readonly applicationNamed: boolean;
}

/** Whether the application of a secret is one that this cluster pulls as, so that a key of it may be made. */
export function isOurApplication({ ownApplication, ownKey, applicationNamed }: SecretProof): boolean {
  return ownApplication || ownKey || applicationNamed;
}

/**
 * Whether a key of the application may be made although no password in the secrets signs in: how a key begins any member of
 * the tenant can look up.
 */
export function mayBeRenewedUntried({
  ownApplication,
  applicationNamed,
}: Pick<SecretProof, "ownApplication" | "applicationNamed">): boolean {
  return ownApplication || applicationNamed;
}

/**
 * Whether a secret may be given the next key of its application. Who knows a password of an application that acr-pull did not
 * make has been given it by anybody.
 */
export function mayBeGivenKey(proof: SecretProof): boolean {
  return isOurApplication(proof) && (showsKey(proof) || proof.secretNamed);
}

/** The same for one that holds a key which leaked: whoever found that shows it as well as who was given it. */
export function mayBeGivenKeyAfterLeak(proof: SecretProof): boolean {
  return isOurApplication(proof) && (proof.secretNamed || (proof.secretShown && showsKey(proof)));
}

/** Whether a secret shows by its bytes that it was given a key, or that somebody found one. */
export function showsKey({ signsIn, ownKey }: SecretProof): boolean {
  return signsIn || ownKey;
}

/** What speaks for removing a key that a pending mark says an interrupted run left. */
export interface SweepProof {
  /** Every secret of the cluster can be seen: then it is known that none holds it. */
  readonly seesAll: boolean;
  /** This very run made it, and its text came to nobody: the answer was lost. */
  readonly lostByThisRun: boolean;
  /** A run that is at work names it in its own mark. */
  readonly ofRunAtWork: boolean;
}

/** Whether a key may be removed because a pending mark names the operation that made it, and no secret that is seen holds it. */
export function mayBeSwept({ seesAll, lostByThisRun, ofRunAtWork }: SweepProof): boolean {
  return lostByThisRun || (seesAll && !ofRunAtWork);
}

/** What speaks for removing a key of this cluster's, by its name in the directory, that no secret holds any more. */
export interface KeyProof {
  /** The bytes: a secret of this cluster names it, by its entry, by a pending mark, or by how its password begins. */
  readonly namedHere: boolean;
  /** The directory: it has ended, and pulls nothing wherever it is held. */
  readonly hasEnded: boolean;
  /** A person: a flag names it. */
  readonly keyNamed: boolean;
}

/** Whether a key may be removed that no secret of this cluster holds: a copy of the cluster has the same id, and may use it. */
export function mayBeRemoved({ namedHere, hasEnded, keyNamed }: KeyProof): boolean {
  return namedHere || hasEnded || keyNamed;
}

/** What speaks for taking back a role that acr-pull granted to an application which marks name. */
export interface RoleProof {
  /** The directory: the application bears our unique name for this cluster and registry. */
  readonly ownApplication: boolean;
  /** The directory: nothing signs in as it but keys that acr-pull made for this cluster. */
  readonly ownCredentials: boolean;
  /** A person: a flag names the application. */
  readonly applicationNamed: boolean;
}

/** Whether a role may be taken back: whoever else signs in as the application may pull by it. */
export function mayBeTakenBack({ ownApplication, ownCredentials, applicationNamed }: RoleProof): boolean {
  return ownApplication || ownCredentials || applicationNamed;
}
