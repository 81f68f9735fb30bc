import { refused, type ActionableError } from "../../../domain/errors.ts";
import type { Application } from "../../../domain/identity.ts";
import {
  isOurApplication,
  mayBeGivenKey,
  mayBeRenewedUntried,
  type SecretProof,
} from "../../../domain/mark-claims.ts";
import { applicationUniqueName, isKeyOf } from "../../../domain/ownership.ts";
import type { HeldKeys, Holder } from "../../holders/holders.ts";
import { targetName } from "../../steps/pull-secret.ts";
import type { RotateInput } from "../rotate-contract.ts";
import type { SurveyedKeys } from "./survey-keys.ts";

/** What of a run's wishes a person says by. */
export type NamedByPerson = Pick<RotateInput, "servicePrincipals" | "retireKey">;

/** Which secrets of one application are to be heeded. */
export interface JudgedHolders {
  readonly genuine: readonly Holder[];
  /** Those that hold a password which signs in, of an application that nothing says is ours. */
  readonly strange: readonly Holder[];
  /** Why nothing may be done for the genuine ones: their marks alone say that this cluster pulls as the application. */
  readonly unproven: ActionableError | undefined;
}

/**
 * Tells secrets that were given a key from those whose marks alone say so.
 * @throws ActionableError `service-principal.unproven`, exit 2, where none signs in and nothing tells which were
 */
export function judgeHolders(
  held: HeldKeys,
  application: Application,
  named: NamedByPerson,
  keyOf: SurveyedKeys["keyOf"],
): JudgedHolders {
  const judged = held.holders.map((holder) => ({
    holder,
    proof: proofOf(holder, held, application, named, keyOf),
  }));
  const proven = judged.filter(({ proof }) => mayBeGivenKey(proof));
  const genuine = proven.length > 0 ? proven : judged;
  const holders = genuine.map(({ holder }) => holder);
  if (!genuine.some(({ proof }) => proof.signsIn)) {
    refuseUnlessOne(
      { ...held, holders },
      genuine.every(({ proof }) => mayBeRenewedUntried(proof)),
    );
  }
  const isOurs = genuine.every(({ proof }) => isOurApplication(proof));
  return {
    genuine: holders,
    strange: judged.filter((one) => !genuine.includes(one) && one.proof.signsIn).map(({ holder }) => holder),
    unproven: isOurs ? undefined : strangersKeys({ ...held, holders }),
  };
}

/** What speaks for a secret outside of its mark: for the password that it holds, or the one before it. */
function proofOf(
  { credential, second, chosen }: Holder,
  { seen, loginServer, appId }: HeldKeys,
  { uniqueName, passwords }: Application,
  { servicePrincipals, retireKey }: NamedByPerson,
  keyOf: SurveyedKeys["keyOf"],
): SecretProof {
  const held = [credential, ...(second ? [second] : [])].map(({ password }) => keyOf(password));
  return {
    ownApplication: uniqueName === applicationUniqueName(loginServer, seen.clusterId),
    ownKey: held.some(({ listed }) => listed?.hint !== undefined && isKeyOf(listed, seen.clusterId)),
    signsIn: held.some(({ alive }) => alive),
    secretNamed: chosen && seen.namespaces !== undefined,
    applicationNamed:
      servicePrincipals.includes(appId.toLowerCase()) || passwords.some(({ keyId }) => keyId === retireKey),
  };
}

/**
 * A password that signs in proves that its secret was given it. Where none does, a mark alone would have a password
 * made for any application it names: then only one that is ours will do, and a secret that somebody forged beside the
 * true ones must not be taken for them.
 */
function refuseUnlessOne({ appId, holders }: HeldKeys, isOurs: boolean): void {
  const texts = new Set(holders.map(({ credential }) => credential.password.reveal()));
  if (isOurs && texts.size === 1) return;
  const names = namesOf(holders);
  throw refused(
    "service-principal.unproven",
    isOurs
      ? `The secrets ${names} hold different passwords of the service principal ${appId}, none of which signs in, so it cannot be told which of them were given one.`
      : `The secrets ${names} name the service principal ${appId}, which acr-pull did not make for this cluster, and no password in them signs in.`,
    `Give them a new password on purpose: acr-pull setup${isOurs ? "" : ` --service-principal ${appId}`}, with the registry and their namespaces.`,
  );
}

/** Whoever knows a password of an application could have more of them made for himself by a mark that names it. */
function strangersKeys({ appId, holders }: HeldKeys): ActionableError {
  return refused(
    "service-principal.unproven",
    `The secrets ${namesOf(holders)} hold a password of the service principal ${appId}. acr-pull made neither for this cluster, so that anybody may have put it there who may write secrets in that namespace.`,
    `If this cluster is to pull as it, say so once: the same command with --service-principal ${appId}. From then on the secrets hold a key of acr-pull's own.`,
  );
}

function namesOf(holders: readonly Holder[]): string {
  return holders.map(({ target }) => targetName(target)).join(", ");
}
