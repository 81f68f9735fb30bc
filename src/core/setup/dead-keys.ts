import { isKeyOf } from "../../domain/ownership.ts";
import {
  isOfThis,
  type CredentialDecision,
  type CredentialQuestion,
  type HeldEntry,
} from "./decide-credential.ts";

/** Keys of ours that do not sign in any more, and what that means for the cluster's secrets. */
export interface DeadKeys {
  /** Ids of those that no secret names any more when the targets are written: they are removed afterwards. */
  readonly obsolete: readonly string[];
  /** Secrets beside the targets that hold one: nobody asked for their namespaces. */
  readonly stranded: readonly Stranded[];
}

/** A secret whose password does not sign in, and that this run does not write. */
export interface Stranded extends Pick<HeldEntry, "namespace" | "name"> {
  /** As its mark says. */
  readonly keyId: string | null;
  /** Whether the directory lists its key: that is how a rotation tells such a secret from a forged one. */
  readonly isListed: boolean;
}

/**
 * Tells which of our keys are dead, and who holds them. One that other secrets still name stays listed in the
 * directory until they have another.
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
  // A text that is wrong in a target may be right in a copy that nobody marked.
  const held = obsolete.length > 0 ? await question.heldBesideTargets() : undefined;
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

/** Where no key lives all are dead; beside a living one only those that have ended, for a text may be held wrongly. */
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
