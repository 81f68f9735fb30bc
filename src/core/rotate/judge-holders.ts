import { refused, type ActionableError } from "../../domain/errors.ts";
import type { Application } from "../../domain/identity.ts";
import {
  isOurApplication,
  mayBeGivenKey,
  mayBeGivenKeyAfterLeak,
  mayBeRenewedUntried,
  showsKey,
  type SecretProof,
} from "../../domain/mark-claims.ts";
import { applicationUniqueName, isKeyOf } from "../../domain/ownership.ts";
import type { HeldKeys, Holder } from "../cluster/holders.ts";
import { registryNamed } from "../cluster/registry-meant.ts";
import { setupCommands, type Suggest } from "../suggest.ts";
import { targetName } from "../turn/pull-secret.ts";
import type { RotateInput } from "./contract.ts";
import type { SeenKeys } from "./look.ts";

/** The part of the input by which a person vouches for secrets. */
export type NamedByPerson = Pick<RotateInput, "intent" | "agreedTo" | "servicePrincipals" | "suggest">;

/** The secrets of one application, by whether they may get its next key. */
export interface JudgedHolders {
  readonly genuine: readonly Holder[];
  /** Secrets whose password signs in as an application that nothing shows to be ours. */
  readonly strange: readonly Holder[];
  /** Secrets that hold a leaked key and that no person named. They get no new one. */
  readonly withheld: readonly Holder[];
  /** Why nothing may be done for the genuine ones: only their marks say that this cluster pulls as the application. */
  readonly unproven: ActionableError | undefined;
}

/**
 * Separates secrets that were given a key from those where only the mark says so.
 * @throws ActionableError exit 2: `service-principal.unproven` if none signs in and nothing shows which were given a
 *   key; `rotate.not-named` if all of them hold a leaked key and nobody named them
 */
export function judgeHolders(
  held: HeldKeys,
  application: Application,
  named: NamedByPerson,
  keyOf: SeenKeys["keyOf"],
): JudgedHolders {
  const leakedKeys = keysThatLeaked(held, named, keyOf);
  const judged = held.holders.map((holder) => ({
    holder,
    proof: proofOf(holder, held, application, { ...named, keyOf }),
    hasLeaked: leakedKeys(holder),
  }));
  const proven = judged.filter(({ proof, hasLeaked }) =>
    hasLeaked ? mayBeGivenKeyAfterLeak(proof) : mayBeGivenKey(proof),
  );
  const withheld = judged
    .filter((one) => one.hasLeaked && !proven.includes(one))
    .filter(({ proof }) => isOurApplication(proof) && showsKey(proof))
    .map(({ holder }) => holder);
  if (proven.length === 0 && withheld.length > 0) throw notNamed(withheld, named);
  const genuine = proven.length > 0 ? proven : judged;
  const holders = genuine.map(({ holder }) => holder);
  if (!genuine.some(({ proof }) => proof.signsIn)) {
    refuseUnlessOne(
      { ...held, holders },
      genuine.every(({ proof }) => mayBeRenewedUntried(proof)),
      named.suggest,
    );
  }
  const isOurs = genuine.every(({ proof }) => isOurApplication(proof));
  return {
    genuine: holders,
    strange: judged
      .filter((one) => !genuine.includes(one) && !withheld.includes(one.holder) && one.proof.signsIn)
      .map(({ holder }) => holder),
    withheld,
    unproven: isOurs ? undefined : strangersKeys({ ...held, holders }),
  };
}

/**
 * Which secrets hold a leaked key. With `compromised`, all of them. Otherwise, the secrets that an interrupted run
 * with `compromised` did not reach, by the marks of those that it changed over.
 */
function keysThatLeaked(
  { holders }: HeldKeys,
  { intent }: NamedByPerson,
  keyOf: SeenKeys["keyOf"],
): (holder: Holder) => boolean {
  if (intent === "compromised") return () => true;
  const leaked = new Set(
    holders.flatMap(({ mark: { retire }, credential }) => {
      const { alive, keyId } = keyOf(credential.password);
      return alive && retire?.why === "compromised" && retire.keyId !== keyId ? [retire.keyId] : [];
    }),
  );
  return ({ credential }) => {
    const { keyId } = keyOf(credential.password);
    return keyId !== null && leaked.has(keyId);
  };
}

/** The evidence for a secret outside its mark: about the password that it holds, or about the old one. */
function proofOf(
  holder: Holder,
  { seen, loginServer, appId }: HeldKeys,
  { uniqueName }: Application,
  { servicePrincipals, agreedTo, keyOf }: NamedByPerson & Pick<SeenKeys, "keyOf">,
): SecretProof {
  const { credential, second, chosen } = holder;
  const held = [credential, ...(second ? [second] : [])].map(({ password }) => keyOf(password));
  return {
    ownApplication: uniqueName === applicationUniqueName(loginServer, seen.clusterId),
    ownKey: held.some(({ listed }) => listed?.hint !== undefined && isKeyOf(listed, seen.clusterId)),
    signsIn: held.some(({ alive }) => alive),
    secretNamed: chosen && seen.namespaces !== undefined,
    secretShown:
      chosen &&
      seen.namespaces === undefined &&
      (agreedTo === "plan" || agreedTo?.has(agreedName(seen, holder)) === true),
    applicationNamed: servicePrincipals.includes(appId.toLowerCase()),
  };
}

/**
 * A password that signs in proves that its secret was given it. If none signs in, a mark alone could cause a password
 * to be made for any application that it names. So the application has to be ours, and all secrets have to hold the
 * same password: otherwise, a forged secret could pass for a true one.
 */
function refuseUnlessOne(held: HeldKeys, isOurs: boolean, suggest: Suggest): void {
  const { appId, holders } = held;
  const texts = new Set(holders.map(({ credential }) => credential.password.reveal()));
  if (isOurs && texts.size === 1) return;
  const names = namesOf(holders);
  const anew = setupCommands(
    holders.map(({ target }) => target),
    registryNamed(held),
    suggest,
    isOurs ? [] : [["--service-principal", appId]],
  );
  throw refused(
    "service-principal.unproven",
    isOurs
      ? `The secrets ${names} hold different passwords of the service principal ${appId}, none of which signs in, so acr-pull cannot tell which of them it may renew.`
      : `The secrets ${names} name the service principal ${appId}, which acr-pull did not make for this cluster, and no password in them signs in.`,
    `Give them a new password explicitly: ${anew}`,
  );
}

/** Anybody who knows a password of an application could get more of them by writing a mark that names it. */
function strangersKeys({ appId, holders }: HeldKeys): ActionableError {
  return refused(
    "service-principal.unproven",
    `The secrets ${namesOf(holders)} hold a password of the service principal ${appId}. acr-pull made neither for this cluster, so anybody who may write secrets in that namespace may have put it there.`,
    `If this cluster has to pull as it, confirm that once: run the same command with --service-principal ${appId}. From then on the secrets hold a key that acr-pull made.`,
  );
}

/** How `agreedTo` names a secret. */
export function agreedName({ clusterId }: HeldKeys["seen"], { target }: Holder): string {
  return `${clusterId} ${target.namespace}/${target.name}`;
}

/** Why a secret that holds a leaked key gets no new one. */
export function notNamed(
  holders: readonly Holder[],
  { intent }: Pick<NamedByPerson, "intent">,
): ActionableError {
  const list = holders.map(({ target }) => `  ${targetName(target)}`).join("\n");
  const flags = [...new Set(holders.map(({ target }) => `-n ${target.namespace}`))].join(" ");
  const command = intent === "compromised" ? "" : " and --compromised";
  return refused(
    "rotate.not-named",
    `Anybody who found the leaked key can put it into a secret, so holding it proves nothing. In namespaces that you did not name, these secrets hold it:\n${list}`,
    `To give the new key to the namespaces that rightly pull with it, name them too: ${flags}${command}. To leave one out, delete that secret first. At a terminal without --yes and -n, the plan lists them for you to confirm.`,
  );
}

function namesOf(holders: readonly Holder[]): string {
  return holders.map(({ target }) => targetName(target)).join(", ");
}
