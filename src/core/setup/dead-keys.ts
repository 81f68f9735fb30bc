import { isKeyOf } from "../../domain/ownership.ts";
import {
  isOfThis,
  type CredentialDecision,
  type CredentialQuestion,
  type HeldEntry,
} from "./decide-credential.ts";

/** Keys of ours that no longer sign in, and what that means for the cluster's secrets. */
export interface DeadKeys {
  /** Ids of those that no secret names once the targets are written. They are removed afterwards. */
  readonly obsolete: readonly string[];
  /** Secrets that hold one but are not targets: nobody asked for their namespaces. */
  readonly stranded: readonly Stranded[];
}

/** A secret whose password does not sign in, and that this run does not write. */
interface Stranded extends Pick<HeldEntry, "namespace" | "name"> {
  /** As its mark says. */
  readonly keyId: string | null;
  /** Whether the directory lists its key. By that, a rotation tells such a secret from a forged one. */
  readonly isListed: boolean;
}

/**
 * Finds which of our keys are dead, and which secrets hold them. A key that other secrets still name stays in the
 * directory until they have another one.
 */
export async function findDeadKeys(
  question: CredentialQuestion,
  decision: CredentialDecision,
): Promise<DeadKeys> {
  const passwords = question.application?.passwords ?? [];
  const ours = passwords.filter((key) => isKeyOf(key, question.clusterId));
  const namesDead = isDead(decision, ours, question.now);
  const inTargets = question.targets.filter(({ mark }) => isOfThis(question, mark) && namesDead(mark.keyId));
  const isLookedFor = decision.kind === "make" || decision.from === "copy" || inTargets.length > 0;
  const others = isLookedFor ? await question.elsewhere() : undefined;
  if (!others) return { obsolete: [], stranded: [] };
  const elsewhere = others.filter(({ mark }) => isOfThis(question, mark) && namesDead(mark.keyId));
  const named = new Set(others.map(({ mark }) => mark.keyId));
  const going = new Set(inTargets.map(({ mark }) => mark.keyId));
  const obsolete = ours.map(({ keyId }) => keyId).filter((keyId) => going.has(keyId) && !named.has(keyId));
  // A key's text may be wrong in a target, and right in a copy without a mark.
  const held = obsolete.length > 0 ? await question.heldOutsideTargets() : undefined;
  return {
    obsolete: obsolete.filter((keyId) => held?.has(keyId) !== true),
    stranded: elsewhere.map(({ namespace, name, mark }) => ({
      namespace,
      name,
      keyId: mark.keyId ?? null,
      isListed: passwords.some(({ keyId }) => keyId === mark.keyId),
    })),
  };
}

/** If no key lives, all are dead. Otherwise only those that have ended are, because a secret may hold a wrong text. */
function isDead(
  decision: CredentialDecision,
  ours: ReadonlyArray<{ readonly keyId: string; readonly endDateTime: Date | undefined }>,
  now: Date,
): (keyId: string | null | undefined) => boolean {
  if (decision.kind === "make") return () => true;
  if (decision.from === "user") return () => false;
  const ended = new Set(
    ours.filter(({ endDateTime }) => endDateTime && endDateTime <= now).map(({ keyId }) => keyId),
  );
  return (keyId) => typeof keyId === "string" && ended.has(keyId);
}
